"""LiveKit's realtime model for OpenAI, used alone: the calls that its `AgentSession` makes."""
# The client is installed in an environment of its own, which mypy does not see.
# mypy: ignore-errors

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
from livekit import rtc
from livekit.agents import function_tool, llm
from livekit.plugins.openai.realtime import RealtimeModel, RealtimeSession
from openai.types.realtime.realtime_audio_input_turn_detection import ServerVad

from tests.clients.python.scenes import BASE_URL, ONE_SECOND, SPEECH, Inbox, Seen, pieces, play

RATE_HZ = 24_000
EVENTS = (
    "input_speech_started",
    "input_audio_transcription_completed",
    "generation_created",
    "error",
    "session_reconnected",
)


@function_tool
async def get_weather(city: str) -> str:
    """Tell the weather."""
    return f"sunny in {city}"


class Conversation:
    """A session, and what it has emitted."""

    def __init__(self, session: RealtimeSession) -> None:
        self.session = session
        self.errors: list[str] = []
        self.transcripts: list[str] = []
        self.inbox: Inbox[tuple[str, object]] = Inbox()
        for name in EVENTS:
            session.on(name, lambda event, name=name: self._note(name, event))
        session.on("openai_server_event_received", self._note_wire)

    def _note(self, name: str, event) -> None:
        self.inbox.put((name, event))
        if name == "error":
            self.errors.append(str(event.error.body))
        if name == "input_audio_transcription_completed" and event.is_final:
            self.transcripts.append(event.transcript)

    def _note_wire(self, event: dict[str, object]) -> None:
        self.inbox.put((f"wire {event['type']}", event))

    async def until(self, name: str):
        return (await self.inbox.until(lambda seen: seen[0] == name))[1]

    async def add(self, *items: llm.ChatItem) -> None:
        """Put items at the end of the conversation, and wait until the server has them."""
        chat = self.session.chat_ctx.copy()
        chat.items.extend(items)
        await self.session.update_chat_ctx(chat)

    async def ask(self, words: str) -> llm.GenerationCreatedEvent:
        await self.add(llm.ChatMessage(role="user", content=[words]))
        return await self.session.generate_reply()

    def say(self, sound: bytes = SPEECH) -> None:
        for piece in pieces(sound):
            self.session.push_audio(rtc.AudioFrame(piece, RATE_HZ, 1, len(piece) // 2))

    async def answered(self) -> llm.GenerationCreatedEvent:
        """Return the next response that the server began by itself."""
        while (generation := await self.until("generation_created")).user_initiated:
            pass
        return generation


@asynccontextmanager
async def conversation(**settings) -> AsyncIterator[Conversation]:
    async with aiohttp.ClientSession() as http:
        model = RealtimeModel(base_url=BASE_URL, api_key="any", http_session=http, **settings)
        session = model.session()
        try:
            yield Conversation(session)
        finally:
            await session.aclose()
            await model.aclose()


async def heard(generation: llm.GenerationCreatedEvent) -> tuple[str, float]:
    """Listen to an answer; return its words and its length in milliseconds."""
    words, samples = "", 0
    async for message in generation.message_stream:
        words += "".join([word async for word in message.text_stream])
        samples += sum([frame.samples_per_channel async for frame in message.audio_stream])
    return words, samples * 1000 / RATE_HZ


async def text(talk: Conversation) -> Seen:
    answer, audio_ms = await heard(await talk.ask("What is the capital of France?"))
    return {"answer": answer, "audio_ms": audio_ms}


async def speech(talk: Conversation) -> Seen:
    talk.say()
    answer, audio_ms = await heard(await talk.answered())
    return {"heard": talk.transcripts, "answer": answer, "audio_ms": audio_ms}


async def interruption(talk: Conversation) -> Seen:
    story = await talk.ask("Tell me a story.")
    message = await anext(aiter(story.message_stream))
    await anext(aiter(message.audio_stream))

    talk.say(SPEECH[:ONE_SECOND])
    await talk.until("input_speech_started")
    talk.session.interrupt()
    talk.session.truncate(
        message_id=message.message_id, modalities=["audio", "text"], audio_end_ms=200
    )
    truncated = await talk.until("wire conversation.item.truncated")
    talk.say(SPEECH[ONE_SECOND:])
    answer, _ = await heard(await talk.answered())
    return {"audio_end_ms": truncated["audio_end_ms"], "answer": answer}


async def function_call(talk: Conversation) -> Seen:
    await talk.session.update_tools([get_weather])
    asked = await talk.ask("What is the weather in Oslo?")
    (call,) = [call async for call in asked.function_stream]

    output = await get_weather(**json.loads(call.arguments))
    await talk.add(
        llm.FunctionCallOutput(call_id=call.call_id, name=call.name, output=output, is_error=False)
    )
    answer, _ = await heard(await talk.session.generate_reply())
    return {"name": call.name, "arguments": json.loads(call.arguments), "answer": answer}


async def wrong_event(talk: Conversation) -> Seen:
    talk.session.send_event({"type": "response.fly", "event_id": "mine"})
    error = await talk.until("error")
    answer, _ = await heard(await talk.ask("What is the capital of France?"))
    return {
        "code": error.error.body.code,
        "event_id": error.error.body.event_id,
        "recoverable": error.recoverable,
        "answer": answer,
    }


def scene(
    act: Callable[[Conversation], Awaitable[Seen]], **settings
) -> Callable[[], Awaitable[Seen]]:
    async def played() -> Seen:
        async with conversation(**settings) as talk:
            return {**await act(talk), "errors": talk.errors}

    return played


server_vad = ServerVad(type="server_vad")  # its default is semantic_vad
play(
    {
        "text": scene(text),
        "speech": scene(speech),
        "speech_with_server_vad": scene(speech, turn_detection=server_vad),
        "interruption": scene(interruption),
        "function_call": scene(function_call),
        "wrong_event": scene(wrong_event),
    }
)
