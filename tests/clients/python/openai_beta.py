"""`client.beta.realtime` of the last official package 1.x, which speaks the Beta dialect."""
# The client is installed in an environment of its own, which mypy does not see.
# mypy: ignore-errors

import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from openai import AsyncOpenAI
from openai.resources.beta.realtime.realtime import AsyncRealtimeConnection

from tests.clients.python.scenes import ONE_SECOND, SPEECH, WS_BASE_URL, Seen, pieces, play

WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "Tell the weather.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}


@asynccontextmanager
async def connection() -> AsyncIterator[AsyncRealtimeConnection]:
    client = AsyncOpenAI(websocket_base_url=WS_BASE_URL, api_key="any")
    async with client.beta.realtime.connect(model="gpt-4o-realtime-preview") as opened:
        yield opened


async def until(rt: AsyncRealtimeConnection, kind: str):
    """Take events up to the first of a type."""
    async for event in rt:
        if event.type == kind:
            return event
    raise EOFError(kind)


async def ask(rt: AsyncRealtimeConnection, words: str) -> None:
    content = [{"type": "input_text", "text": words}]
    await rt.conversation.item.create(item={"type": "message", "role": "user", "content": content})
    await rt.response.create()


async def say(rt: AsyncRealtimeConnection, sound: bytes = SPEECH) -> None:
    for piece in pieces(sound):
        await rt.input_audio_buffer.append(audio=base64.b64encode(piece).decode())


async def text(rt: AsyncRealtimeConnection) -> Seen:
    await rt.session.update(session={"modalities": ["text"]})
    await ask(rt, "What is the capital of France?")
    answer = ""
    async for event in rt:
        if event.type == "response.text.delta":
            answer += event.delta
        elif event.type == "response.done":
            break
    return {"answer": answer, "status": event.response.status}


async def speech(rt: AsyncRealtimeConnection) -> Seen:
    await rt.session.update(
        session={
            "modalities": ["text", "audio"],
            "input_audio_transcription": {"model": "whisper-1"},
            "turn_detection": {"type": "server_vad", "silence_duration_ms": 300},
        }
    )
    await say(rt)
    sound, heard, answer = b"", "", ""
    async for event in rt:
        if event.type == "response.audio.delta":
            sound += base64.b64decode(event.delta)
        elif event.type == "response.audio_transcript.delta":
            answer += event.delta
        elif event.type == "conversation.item.input_audio_transcription.completed":
            heard = event.transcript
        elif event.type == "response.done":
            break
    return {"heard": heard, "answer": answer, "audio_ms": len(sound) / 48}


async def interruption(rt: AsyncRealtimeConnection) -> Seen:
    await ask(rt, "Tell me a story.")
    first = await until(rt, "response.audio.delta")
    await say(rt, SPEECH[:ONE_SECOND])
    await until(rt, "input_audio_buffer.speech_started")
    await rt.conversation.item.truncate(
        item_id=first.item_id, content_index=first.content_index, audio_end_ms=200
    )
    cancelled = await until(rt, "response.done")
    truncated = await until(rt, "conversation.item.truncated")
    await say(rt, SPEECH[ONE_SECOND:])
    next_ = await until(rt, "response.done")
    return {
        "status": cancelled.response.status,
        "reason": cancelled.response.status_details.reason,
        "audio_end_ms": truncated.audio_end_ms,
        "next": next_.response.output[0].content[0].transcript,
    }


async def function_call(rt: AsyncRealtimeConnection) -> Seen:
    await rt.session.update(session={"tools": [WEATHER]})
    await ask(rt, "What is the weather in Oslo?")
    asked = await until(rt, "response.done")
    (call,) = asked.response.output
    output = {"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}
    await rt.conversation.item.create(item=output)
    await rt.response.create()
    answered = await until(rt, "response.done")
    return {
        "name": call.name,
        "arguments": json.loads(call.arguments),
        "answer": answered.response.output[0].content[0].transcript,
    }


async def wrong_event(rt: AsyncRealtimeConnection) -> Seen:
    await rt.send({"type": "response.fly", "event_id": "mine"})
    refused = await until(rt, "error")
    await ask(rt, "What is the capital of France?")
    done = await until(rt, "response.done")
    return {
        "event_id": refused.error.event_id,
        "param": refused.error.param,
        "answer": done.response.output[0].content[0].transcript,
    }


def scene(
    act: Callable[[AsyncRealtimeConnection], Awaitable[Seen]],
) -> Callable[[], Awaitable[Seen]]:
    async def played() -> Seen:
        async with connection() as rt:
            return await act(rt)

    return played


acts = [text, speech, interruption, function_call, wrong_event]
play({act.__name__: scene(act) for act in acts})
