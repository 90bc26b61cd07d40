"""The client behind `vivavoce talk`: sends speech at its own pace, shows the turn as it happens."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from rich.console import Console
from rich.table import Table

from vivavoce.cli.sound import microphone, play, recording
from vivavoce.errors import EngineError
from vivavoce.media.pcm import Pcm
from vivavoce.media.wav import write_wav

CHUNK_MS = 20
ANSWER_TIMEOUT_S = 120.0
INSECURE_HOSTS = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Talk:
    """What `vivavoce talk` was asked to do."""

    url: str
    model: str
    voice: str | None
    instructions: str | None
    text: str | None
    files: tuple[Path, ...]
    save: Path | None
    api_key: str


async def converse(talk: Talk) -> None:
    """Hold the conversation.

    Raises:
        EngineError: the server can't be reached, refused something, or went away.
        ConfigError: there is no microphone.
    """
    address = f"{talk.url.rstrip('/')}/realtime?model={talk.model}&extensions=1"
    headers = {"Authorization": f"Bearer {talk.api_key}"}
    console = Console(highlight=False, markup=False)
    try:
        async with (
            aiohttp.ClientSession(headers=headers) as client,
            client.ws_connect(address, max_msg_size=0, ssl=_tls(talk.url)) as socket,
        ):
            await _Conversation(talk, socket, console).run()
    except aiohttp.WSServerHandshakeError as error:
        raise EngineError(f"the server refused: {error.status} {error.message}") from error
    except aiohttp.ClientError as error:
        message = f"no server at {talk.url} ({error}); start one with `make serve`"
        raise EngineError(message) from error


def _tls(url: str) -> bool:
    # A certificate that a server on this machine made for itself proves nothing to anybody.
    return not any(host in url for host in INSECURE_HOSTS)


@dataclass
class _Heard:
    """What came of the turn under way."""

    audio: bytearray = field(default_factory=bytearray)
    answer: str = ""
    is_done: asyncio.Event = field(default_factory=asyncio.Event)


class _Conversation:
    def __init__(
        self, talk: Talk, socket: aiohttp.ClientWebSocketResponse, console: Console
    ) -> None:
        self._talk = talk
        self._socket = socket
        self._console = console
        self._heard = _Heard()
        self._reply = bytearray()
        self._partial = ""

    async def run(self) -> None:
        await self._configure()
        async with asyncio.TaskGroup() as tasks:
            listening = tasks.create_task(self._listen())
            if self._talk.text is not None:
                await self._write(self._talk.text)
            elif self._talk.files:
                await self._speak_files(tasks)
            else:
                await self._speak(microphone())
            listening.cancel()
        if self._talk.save is not None:
            write_wav(self._talk.save, Pcm(bytes(self._reply)))
            self._console.print(f"saved {self._talk.save}")

    async def _configure(self) -> None:
        audio: dict[str, object] = {"input": {"transcription": {"model": "whisper-1"}}}
        session: dict[str, object] = {"type": "realtime", "audio": audio}
        if self._talk.instructions is not None:
            session["instructions"] = self._talk.instructions
        if self._talk.voice is not None:
            audio["output"] = {"voice": self._talk.voice}
        await self._send({"type": "session.update", "session": session})

    async def _write(self, text: str) -> None:
        content = [{"type": "input_text", "text": text}]
        item = {"type": "message", "role": "user", "content": content}
        await self._send({"type": "conversation.item.create", "item": item})
        await self._send({"type": "response.create"})
        await self._answered()

    async def _speak_files(self, tasks: asyncio.TaskGroup) -> None:
        for file in self._talk.files:
            self._console.print(f"▸ {file.name}")
            self._heard = _Heard()
            speaking = tasks.create_task(self._speak(recording(file, CHUNK_MS)))
            await self._answered()
            speaking.cancel()

    async def _speak(self, sound: AsyncIterator[bytes]) -> None:
        async for chunk in sound:
            audio = base64.b64encode(chunk).decode()
            await self._send({"type": "input_audio_buffer.append", "audio": audio})

    async def _answered(self) -> None:
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                await self._heard.is_done.wait()
        except TimeoutError:
            raise EngineError("no answer came: was anything said in the recording?") from None

    async def _send(self, event: dict[str, object]) -> None:
        with suppress(ConnectionResetError):  # `_listen` tells what happened
            await self._socket.send_str(json.dumps(event))

    async def _listen(self) -> None:
        async for message in self._socket:
            await self._show(json.loads(message.data))
        reason = f"the server ended the conversation (code {self._socket.close_code})"
        raise EngineError(reason)

    async def _show(self, event: dict[str, object]) -> None:  # noqa: C901 - one case an event
        match event:
            case {"type": "vivavoce.transcript.partial", "transcript": str(text)}:
                if text != self._partial:
                    self._partial = text
                    self._console.print(f"  … {text}")
            case {"type": "input_audio_buffer.speech_started", "audio_start_ms": ms}:
                self._console.print(f"  speech from {ms} ms")
            case {"type": "input_audio_buffer.speech_stopped", "audio_end_ms": ms}:
                self._console.print(f"  end of turn at {ms} ms")
            case {
                "type": "conversation.item.input_audio_transcription.completed",
                "transcript": str(text),
            }:
                self._console.print(f"you: {text}")
            case {"type": "response.output_audio_transcript.delta", "delta": str(text)}:
                if not self._heard.answer:
                    self._console.print("assistant: ", end="")
                self._heard.answer += text
                self._console.print(text, end="")
            case {"type": "response.output_audio.delta", "delta": str(audio)}:
                data = base64.b64decode(audio)
                self._reply += data
                self._heard.audio += data
            case {"type": "vivavoce.turn.timing", "marks": dict(marks)}:
                self._show_timing(marks)
            case {"type": "response.done", "response": dict(response)}:
                await self._finish(response)
            case {"type": "error", "error": {"message": str(text)}}:
                raise EngineError(f"the server says: {text}")
            case _:
                pass

    def _show_timing(self, marks: dict[str, float]) -> None:
        table = Table("since the end of speech", "ms")
        for name, ms in sorted(marks.items(), key=lambda mark: mark[1]):
            table.add_row(name.replace("_", " "), f"{ms:.0f}")
        self._console.print()
        self._console.print(table)

    async def _finish(self, response: dict[str, object]) -> None:
        if self._heard.answer:
            self._console.print()
        if response["status"] not in ("completed", "cancelled"):
            self._console.print(f"  the answer {response['status']}: {response['status_details']}")
        if response["status"] == "cancelled" or not response["output"]:
            return  # interrupted, or only noise: the conversation goes on
        heard, self._heard.audio = bytes(self._heard.audio), bytearray()
        await play(Pcm(heard))
        self._heard.is_done.set()
        self._heard.answer = ""
