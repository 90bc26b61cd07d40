import asyncio
import base64
import io
import wave
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from rich.console import Console

from tests.api.server import served
from vivavoce.cli.conversation import Talk, converse
from vivavoce.cli.sound import Speaker
from vivavoce.errors import ConfigError, EngineError
from vivavoce.media.pcm import BYTES_PER_MS
from vivavoce.testing.scripted import Script, ScriptedTurn, engines_of

AUDIO = Path(__file__).parents[1] / "audio"
QUESTION = ScriptedTurn(hears="What is the capital of France?", answer="Paris.")
THANKS = ScriptedTurn(hears="Thank you.", answer="You are welcome.")


def talk(**changes: object) -> Talk:
    plain = Talk(
        url="http://127.0.0.1:1/v1",
        model="gpt-realtime",
        voice=None,
        instructions=None,
        text=None,
        files=(),
        save=None,
        api_key="any",
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # names and types as above


async def shown(wanted: Talk, *turns: ScriptedTurn) -> str:
    """Hold a conversation with a scripted server; return what the terminal shows."""
    console = Console(file=io.StringIO(), width=100, highlight=False, markup=False)
    async with served(is_ready=False) as server:
        server.gateway.engines = engines_of(Script(turns=turns))
        await converse(replace(wanted, url=f"{server.url}/v1"), console, None)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


async def test_several_files_are_turns_of_one_conversation(tmp_path: Path) -> None:
    files = (AUDIO / "cards-001.wav", AUDIO / "cards-003.wav")

    text = await shown(talk(files=files, save=tmp_path / "reply.wav"), QUESTION, THANKS)

    lines = [line.strip() for line in text.splitlines()]
    assert lines.index("you: What is the capital of France?") < lines.index("assistant: Paris.")
    assert lines.index("assistant: Paris.") < lines.index("you: Thank you.")
    assert "assistant: You are welcome." in lines
    with wave.open(str(tmp_path / "reply.wav")) as reply:
        assert reply.getframerate() == 24_000
        assert reply.getnframes() > 24_000


async def test_words_may_be_written() -> None:
    turn = ScriptedTurn(when="capital", answer="Paris.")

    text = await shown(talk(text="What is the capital of France?"), turn)

    assert "assistant: Paris." in text


async def test_a_failed_answer_says_why() -> None:
    turn = ScriptedTurn(when="capital", answer="Paris.", fail_after_s=0)

    text = await shown(talk(text="capital?"), turn)

    assert "the answer is failed: " in text


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"text": "Hi", "model": "nope"}, "The model 'nope' does not exist"),
        ({"files": (Path(__file__),)}, "cannot read .* as a sound file"),
    ],
)
async def test_what_goes_wrong_is_one_error(changes: dict[str, object], why: str) -> None:
    with pytest.raises((EngineError, ConfigError), match=why):
        await shown(talk(**changes))


async def test_without_a_server_it_says_how_to_start_one() -> None:
    with pytest.raises(EngineError, match="make serve"):
        await converse(talk(text="Hi"), silent(), None)


async def test_a_wrong_key_and_a_server_that_is_warming_up_are_told_apart() -> None:
    console = silent()

    async with served(keys=("secret",)) as server:
        with pytest.raises(EngineError, match="VIVAVOCE_API_KEY"):
            await converse(talk(text="Hi", url=f"{server.url}/v1"), console, None)
    async with served(is_ready=False) as server:
        with pytest.raises(EngineError, match="not ready"):
            await converse(talk(text="Hi", url=f"{server.url}/v1"), console, None)


async def test_a_server_that_goes_away_ends_the_conversation() -> None:
    async def hang_up(socket: web.WebSocketResponse) -> None:
        await socket.receive()
        await socket.close(code=1001)

    async with a_server_that(hang_up) as url:
        with pytest.raises(EngineError, match=r"ended the conversation \(code 1001\)"):
            await converse(talk(text="Hi", url=url), silent(), None)


async def test_speech_during_an_answer_silences_it_and_tells_what_was_heard() -> None:
    events: list[dict[str, object]] = []
    speaker = Speaker()
    sound = base64.b64encode(bytes(500 * BYTES_PER_MS)).decode()

    async def be_interrupted(socket: web.WebSocketResponse) -> None:
        await socket.send_json(
            {"type": "response.output_audio.delta", "item_id": "item_1", "delta": sound}
        )
        async with asyncio.timeout(5):
            while not speaker.waiting_ms:  # noqa: ASYNC110 - a speaker has no event
                await asyncio.sleep(0)
        speaker.take(200 * BYTES_PER_MS)
        await socket.send_json({"type": "input_audio_buffer.speech_started", "audio_start_ms": 0})
        while not events or events[-1]["type"] != "conversation.item.truncate":
            events.append(await socket.receive_json())
        await socket.close()

    async with a_server_that(be_interrupted) as url:
        with pytest.raises(EngineError, match="ended"):
            await converse(talk(text="Hi", url=url), silent(), speaker)

    assert speaker.waiting_ms == 0
    assert events[-1] == {
        "type": "conversation.item.truncate",
        "item_id": "item_1",
        "content_index": 0,
        "audio_end_ms": 200,
    }


def silent() -> Console:
    return Console(file=io.StringIO())


@asynccontextmanager
async def a_server_that(
    does: Callable[[web.WebSocketResponse], Awaitable[None]],
) -> AsyncIterator[str]:
    async def handler(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await does(socket)
        return socket

    app = web.Application()
    app.router.add_get("/v1/realtime", handler)
    async with TestServer(app, host="127.0.0.1") as server:
        yield str(server.make_url("/v1"))
