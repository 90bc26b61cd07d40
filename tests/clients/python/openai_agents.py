"""`RealtimeRunner` of `openai-agents`: semantic_vad, transcription and tracing are its defaults."""
# The client is installed in an environment of its own, which mypy does not see.
# mypy: ignore-errors

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from agents import function_tool
from agents.realtime import RealtimeAgent, RealtimeRunConfig, RealtimeRunner, RealtimeSession
from agents.realtime.events import RealtimeRawModelEvent, RealtimeSessionEvent
from agents.realtime.model_inputs import RealtimeModelSendRawMessage

from tests.clients.python.scenes import ONE_SECOND, SPEECH, WS_URL, Seen, pieces, play

MODEL = {"url": f"{WS_URL}?model=gpt-realtime", "api_key": "any"}

cities: list[str] = []


@function_tool
def get_weather(city: str) -> str:
    """Tell the weather."""
    cities.append(city)
    return "sunny, 24 degrees"


refunds = RealtimeAgent(name="refunds", instructions="You pay back.")
greeter = RealtimeAgent(
    name="greeter", instructions="You help.", tools=[get_weather], handoffs=[refunds]
)


class Conversation:
    """A session and the events it has given so far."""

    def __init__(self, session: RealtimeSession) -> None:
        self.session = session
        self.events: list[RealtimeSessionEvent] = []
        self._coming = session.__aiter__()

    async def until(self, kind: str, type_of=lambda event: event.type) -> RealtimeSessionEvent:
        """Take events up to the first of a kind."""
        async for event in self._coming:
            self.events.append(event)
            if type_of(event) == kind:
                return event
        raise EOFError(kind)

    async def say(self, sound: bytes = SPEECH) -> None:
        for piece in pieces(sound):
            await self.session.send_audio(piece)

    def said(self) -> list[tuple[str, str]]:
        """Who said what, as the client keeps it."""
        return [
            (item.role, " ".join(text_of(part) for part in item.content))
            for item in self.session._history
            if item.type == "message"
        ]

    def errors(self) -> list[str]:
        return [str(event.error) for event in self.events if event.type == "error"]


def wire_type(event: RealtimeSessionEvent) -> str | None:
    """Return the type of the server's event that the client passes on, if it is one."""
    if isinstance(event, RealtimeRawModelEvent) and event.data.type == "raw_server_event":
        return event.data.data["type"]
    return None


def text_of(part) -> str:
    return getattr(part, "text", None) or getattr(part, "transcript", None) or ""


@asynccontextmanager
async def conversation(config: RealtimeRunConfig | None) -> AsyncIterator[Conversation]:
    runner = RealtimeRunner(greeter, config=config)
    async with await runner.run(model_config=MODEL) as session:
        yield Conversation(session)


async def text(talk: Conversation) -> None:
    await talk.session.send_message("What is the capital of France?")
    await talk.until("agent_end")


async def speech(talk: Conversation) -> Seen:
    await talk.say()
    await talk.until("agent_end")
    sound = b"".join(event.audio.data for event in talk.events if event.type == "audio")
    return {"audio_ms": len(sound) / 48}


async def interruption(talk: Conversation) -> Seen:
    await talk.session.send_message("Tell me a story.")
    await talk.until("audio")

    await talk.say(SPEECH[:ONE_SECOND])
    await talk.until("audio_interrupted")
    truncated = await talk.until("conversation.item.truncated", wire_type)
    await talk.say(SPEECH[ONE_SECOND:])
    await talk.until("audio")
    await talk.until("agent_end")
    return {"audio_end_ms": truncated.data.data["audio_end_ms"]}


async def function_call(talk: Conversation) -> Seen:
    await talk.session.send_message("What is the weather in Oslo?")
    ended = await talk.until("tool_end")
    await talk.until("audio")
    await talk.until("agent_end")
    return {"cities": cities, "output": ended.output}


async def handoff(talk: Conversation) -> Seen:
    await talk.session.send_message("I want a refund.")
    moved = await talk.until("handoff")
    await talk.until("audio")
    await talk.until("agent_end")
    return {"to": moved.to_agent.name}


async def wrong_event(talk: Conversation) -> Seen:
    # The client refuses to send an event that its types don't know, so this is one that asks for
    # something that isn't there.
    message = {"type": "conversation.item.delete", "other_data": {"item_id": "nothing"}}
    await talk.session.model.send_event(RealtimeModelSendRawMessage(message=message))
    event = await talk.until("error")
    await talk.session.send_message("What is the capital of France?")
    await talk.until("agent_end")
    return {"code": event.error.code}


def scene(
    act: Callable[[Conversation], Awaitable[Seen | None]], config: RealtimeRunConfig | None = None
) -> Callable[[], Awaitable[Seen]]:
    async def played() -> Seen:
        async with conversation(config) as talk:
            seen = await act(talk) or {}
            return {**seen, "history": talk.said(), "errors": talk.errors()}

    return played


server_vad = {"model_settings": {"turn_detection": {"type": "server_vad"}}}
play(
    {
        "text": scene(text),
        "speech": scene(speech),
        "speech_with_server_vad": scene(speech, server_vad),
        "interruption": scene(interruption),
        "function_call": scene(function_call),
        "handoff": scene(handoff),
        "wrong_event": scene(wrong_event),
    }
)
