"""The official client, before one server whose answers come from another one."""

import asyncio
import base64
import signal
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from openai import AsyncOpenAI
from openai.resources.realtime.realtime import AsyncRealtimeConnection
from openai.types.realtime import RealtimeServerEvent, ResponseDoneEvent

from tests.recordings import recording
from tests.served import served
from vivavoce.media.pcm import silence
from vivavoce.testing.http_engines import HttpScript, http_engines

KEY = "sk-of-the-other-service"
SCRIPT = """
[[turns]]
when = "France"
answer = "It is Paris, I think."

[[turns]]
when = "weather"
calls = [{ name = "look", arguments = { at = "sky" } }]

[[turns]]
when = "sunny"
answer = "The sun shines."

[[turns]]
when = "story"
answer = "Once upon a time, there was a server, and it told a story, until it was interrupted."
delays.token_ms = 200
"""
FRONT = """
[session]
silence_duration_ms = 300

[engines.turn_judge]
use = "none"

[engines.transcriber]
use = "openai-http"
base_url = "{ears}"
model = "m"

[engines.responder]
use = "realtime"
base_url = "{upstream}"
model = "gpt-realtime"
api_key_env = "UPSTREAM_KEY"
"""
LOOK = {"type": "function", "name": "look", "parameters": {"type": "object", "properties": {}}}


@asynccontextmanager
async def front(tmp_path: Path, key: str = KEY) -> AsyncIterator[tuple[str, Process]]:
    """Serve in front of a scripted server; yield the URL, and the process behind."""
    (tmp_path / "script.toml").write_text(SCRIPT)
    behind = ("--scripted", str(tmp_path / "script.toml"))
    ears = HttpScript(transcript="What is the capital of France?", transcript_ms=5)
    async with (
        asyncio.timeout(60),
        http_engines(ears) as ears_url,
        served(*behind, VIVAVOCE_HOME=str(tmp_path / "behind"), VIVAVOCE_API_KEYS=KEY) as (
            upstream,
            process,
        ),
    ):
        config = tmp_path / "front.toml"
        config.write_text(FRONT.format(ears=ears_url, upstream=upstream))
        home = str(tmp_path / "front")
        async with served("--config", str(config), VIVAVOCE_HOME=home, UPSTREAM_KEY=key) as (
            url,
            _,
        ):
            yield url, process


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[AsyncRealtimeConnection]:
    async with (
        AsyncOpenAI(base_url=url, api_key="any") as client,
        client.realtime.connect(model="gpt-realtime") as connection,
    ):
        yield connection


async def ask(connection: AsyncRealtimeConnection, words: str) -> None:
    part = {"type": "input_text", "text": words}
    item = {"type": "message", "role": "user", "content": [part]}
    await connection.conversation.item.create(item=item)  # type: ignore[arg-type]  # plain dicts
    await connection.response.create()


async def events_to_end(connection: AsyncRealtimeConnection) -> list[RealtimeServerEvent]:
    events = []
    async for event in connection:
        events.append(event)
        if event.type == "response.done":
            return events
    raise AssertionError("the connection ended")


def words_of(events: list[RealtimeServerEvent]) -> str:
    return "".join(e.delta for e in events if e.type == "response.output_audio_transcript.delta")


def sound_ms(events: list[RealtimeServerEvent]) -> float:
    sound = (e.delta for e in events if e.type == "response.output_audio.delta")
    return sum(len(base64.b64decode(delta)) for delta in sound) / 48


def last_of(events: list[RealtimeServerEvent]) -> ResponseDoneEvent:
    last = events[-1]
    assert isinstance(last, ResponseDoneEvent)
    return last


async def test_typed_and_spoken_turns_and_calls_are_answered_from_behind(tmp_path: Path) -> None:
    async with front(tmp_path) as (url, _), connected(url) as connection:
        await ask(connection, "What is the capital of France?")
        typed = await events_to_end(connection)
        sound = recording("question-capital").data + silence(900).data
        for start in range(0, len(sound), 9600):
            piece = base64.b64encode(sound[start : start + 9600]).decode()
            await connection.input_audio_buffer.append(audio=piece)
        spoken = await events_to_end(connection)
        await connection.session.update(session={"type": "realtime", "tools": [LOOK]})  # type: ignore[list-item]  # plain dicts
        await ask(connection, "How is the weather?")
        called = last_of(await events_to_end(connection)).response.output or []
        call_id = getattr(called[0], "call_id", "")
        output = {"type": "function_call_output", "call_id": call_id, "output": "sunny"}
        await connection.conversation.item.create(item=output)  # type: ignore[arg-type]  # plain dicts
        await connection.response.create()
        told = await events_to_end(connection)

    assert (words_of(typed), sound_ms(typed)) == ("It is Paris, I think.", 1500)
    assert (words_of(spoken), sound_ms(spoken)) == ("It is Paris, I think.", 1500)
    assert words_of(told) == "The sun shines."


async def test_an_answer_is_interrupted_and_the_next_one_comes(tmp_path: Path) -> None:
    async with front(tmp_path) as (url, _), connected(url) as connection:
        await ask(connection, "Tell me a story.")
        async for event in connection:
            if event.type == "response.output_audio.delta":
                break
        await connection.response.cancel()
        cut = last_of(await events_to_end(connection))
        await ask(connection, "What is the capital of France?")
        after = await events_to_end(connection)

    assert cut.response.status == "cancelled"
    assert words_of(after) == "It is Paris, I think."


async def test_the_session_outlives_the_service_behind_it(tmp_path: Path) -> None:
    async with front(tmp_path) as (url, behind), connected(url) as connection:
        await ask(connection, "Tell me a story.")
        async for event in connection:
            if event.type == "response.output_audio.delta":
                break
        behind.send_signal(signal.SIGKILL)
        cut = last_of(await events_to_end(connection)).response
        await behind.wait()
        await ask(connection, "And now?")
        refused = last_of(await events_to_end(connection)).response

    assert (cut.status, refused.status) == ("failed", "failed")


async def test_a_key_that_is_refused_behind_fails_the_answer_and_is_not_shown(
    tmp_path: Path,
) -> None:
    async with front(tmp_path, key="sk-wrong-and-secret") as (url, _), connected(url) as connection:
        await ask(connection, "What is the capital of France?")
        failed = last_of(await events_to_end(connection)).response

    assert failed.status == "failed"
    assert "sk-wrong-and-secret" not in failed.model_dump_json()
