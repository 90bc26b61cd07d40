"""The official Python package, unmodified, against a served double."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from openai import AsyncOpenAI
from openai.resources.realtime.realtime import AsyncRealtimeConnection
from openai.types.realtime import RealtimeError

from tests.recordings import recording
from tests.served import served
from vivavoce.media.pcm import silence

SCRIPT = """
[[turns]]
hears = "What is the weather in Oslo?"
when = "weather"
calls = [{ name = "get_weather", arguments = { city = "Oslo" } }]

[[turns]]
when = "sunny"
answer = "It is sunny in Oslo."

[[turns]]
when = "France"
answer = "Paris."

[[turns]]
when = "story"
answer = "Once upon a time, there was a server, and it told a story, until it was interrupted."
delays.token_ms = 200
"""
WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "Tell the weather.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}


@asynccontextmanager
async def connected(tmp_path: Path) -> AsyncIterator[AsyncRealtimeConnection]:
    script = tmp_path / "script.toml"
    script.write_text(SCRIPT)
    async with (
        asyncio.timeout(30),
        served("--scripted", str(script), VIVAVOCE_HOME=str(tmp_path)) as (url, _),
        AsyncOpenAI(base_url=url, api_key="any") as client,
        client.realtime.connect(model="gpt-realtime") as connection,
    ):
        yield connection


async def types_until(connection: AsyncRealtimeConnection, last: str) -> list[str]:
    types: list[str] = []
    async for event in connection:
        types.append(event.type)
        if event.type == last:
            break
    return types


async def ask(connection: AsyncRealtimeConnection, words: str) -> None:
    await connection.conversation.item.create(
        item={
            "type": "message",
            "role": "user",
            "content": [{"type": "input_text", "text": words}],
        }
    )
    await connection.response.create()


async def next_error(connection: AsyncRealtimeConnection) -> RealtimeError:
    async for event in connection:
        if event.type == "error":
            return event.error
    raise AssertionError("the server went away")


async def test_a_text_turn(tmp_path: Path) -> None:
    async with connected(tmp_path) as connection:
        await connection.session.update(session={"type": "realtime", "output_modalities": ["text"]})
        await ask(connection, "What is the capital of France?")

        text = ""
        async for event in connection:
            if event.type == "response.output_text.delta":
                text += event.delta
            elif event.type == "response.done":
                usage = event.response.usage
                break

    assert text == "Paris."
    assert usage is not None
    assert usage.output_tokens


async def test_a_spoken_turn_with_a_function_call(tmp_path: Path) -> None:
    sound = recording("cards-005").data + silence(700).data
    async with connected(tmp_path) as connection:
        await connection.session.update(session={"type": "realtime", "tools": [WEATHER]})  # type: ignore[list-item]  # a plain dict serves
        await connection.input_audio_buffer.append(audio=base64.b64encode(sound).decode())

        asked = await types_until(connection, "response.function_call_arguments.done")
        await types_until(connection, "response.done")
        await connection.conversation.item.create(
            item={"type": "function_call_output", "call_id": "call_x", "output": "sunny"}
        )
        await connection.response.create()
        answered = await types_until(connection, "response.done")

    assert asked[:2] == ["session.created", "session.updated"]
    assert "input_audio_buffer.speech_started" in asked
    assert "input_audio_buffer.committed" in asked
    assert "response.output_audio.delta" in answered


async def test_speech_interrupts_an_answer_which_is_truncated(tmp_path: Path) -> None:
    sound = recording("goforward").data[:48_000]  # a second of it, so that no turn ends
    async with connected(tmp_path) as connection:
        await ask(connection, "Tell me a story.")
        async for event in connection:
            if event.type == "response.output_audio.delta":
                item_id = event.item_id
                break
        await connection.input_audio_buffer.append(audio=base64.b64encode(sound).decode())
        await types_until(connection, "input_audio_buffer.speech_started")
        await connection.conversation.item.truncate(
            item_id=item_id, content_index=0, audio_end_ms=200
        )
        async for event in connection:
            if event.type == "response.done":
                cancelled = event.response
                break
        left = await types_until(connection, "conversation.item.truncated")

    assert cancelled.status == "cancelled"
    assert cancelled.status_details is not None
    assert cancelled.status_details.reason == "turn_detected"
    assert "response.output_audio.delta" not in left


async def test_an_error_names_the_event_and_the_session_goes_on(tmp_path: Path) -> None:
    async with connected(tmp_path) as connection:
        await connection.conversation.item.delete(item_id="nothing", event_id="mine")

        first = await next_error(connection)
        await connection.response.cancel()
        second = await next_error(connection)

    assert (first.event_id, first.code) == ("mine", "item_delete_invalid_item_id")
    assert second.code == "response_cancel_not_active"
