"""The client behind `vivavoce talk`: sends speech at its own pace, shows the turn as it happens."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import aiohttp
from rich.console import Console
from rich.table import Table

from vivavoce.cli.sound import Speaker, microphone, recording
from vivavoce.errors import EngineError
from vivavoce.media.pcm import BYTES_PER_MS, Pcm
from vivavoce.media.wav import write_wav

CHUNK_MS = 20
TIMING_TIMEOUT_S = 0.5
ANSWER_TIMEOUT_S = 120.0
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")
REFUSALS = {
    401: "the server wants another key: set VIVAVOCE_API_KEY, or name it with --api-key",
    404: "there is no Realtime API at that address; the base URL ends with /v1",
    503: "the server is not ready, or has no room for another session; try again soon",
}


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


async def converse(talk: Talk, console: Console, speaker: Speaker | None) -> None:
    """Hold the conversation.

    Args:
        talk: what to say, to whom.
        console: shows it.
        speaker: plays the answers; None: they are not played.

    Raises:
        EngineError: the server can't be reached, refused something, or went away.
        ConfigError: there is no microphone, or a file can't be read or written.
    """
    query = urlencode({"model": talk.model, "extensions": "1"})
    address = f"{talk.url.rstrip('/')}/realtime?{query}"
    headers = {"Authorization": f"Bearer {talk.api_key}"}
    try:
        async with (
            aiohttp.ClientSession(headers=headers) as client,
            client.ws_connect(address, max_msg_size=0, ssl=_tls(talk.url)) as socket,
        ):
            await _Conversation(talk, socket, console, speaker).run()
    except ExceptionGroup as group:  # of the tasks of a conversation: the first says why
        raise group.exceptions[0] from None
    except aiohttp.WSServerHandshakeError as error:
        why = REFUSALS.get(error.status, f"the server answered with status {error.status}")
        raise EngineError(why) from error
    except (aiohttp.ClientError, ValueError) as error:
        message = f"no server at {talk.url} ({error}); start one with `make serve`"
        raise EngineError(message) from error


def _tls(url: str) -> bool:
    # A certificate that a server on this machine made for itself proves nothing to anybody.
    return urlsplit(url).hostname not in LOOPBACK_HOSTS


@dataclass
class _Answer:
    """What came of the turn under way."""

    item_id: str = ""
    """Of the item whose sound came last."""
    audio_ms: int = 0
    """Sound of that item so far."""
    is_done: asyncio.Event = field(default_factory=asyncio.Event)
    is_timed: asyncio.Event = field(default_factory=asyncio.Event)
    """An answer that was ready before it was asked for is done before its timing comes."""


class _Conversation:
    def __init__(
        self,
        talk: Talk,
        socket: aiohttp.ClientWebSocketResponse,
        console: Console,
        speaker: Speaker | None,
    ) -> None:
        self._talk = talk
        self._socket = socket
        self._console = console
        self._speaker = speaker
        self._answer = _Answer()
        self._reply = bytearray()
        self._partial = ""
        self._is_mid_line = False
        self._marks: dict[str, float] = {}

    async def run(self) -> None:
        await self._configure()
        try:
            async with asyncio.TaskGroup() as tasks:
                listening = tasks.create_task(self._listen())
                if self._talk.text is not None:
                    await self._write(self._talk.text)
                elif self._talk.files:
                    await self._speak_files(tasks)
                else:
                    self._console.print("Speak; end with ctrl-c. Headphones keep it from itself.")
                    await self._speak(microphone())
                listening.cancel()
        finally:
            if self._talk.save is not None:
                write_wav(self._talk.save, Pcm(bytes(self._reply)))
                self._print(f"saved {self._talk.save}")

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
            self._print(f"▸ {file.name}")
            self._answer = _Answer()
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
                await self._answer.is_done.wait()
        except TimeoutError:
            raise EngineError("no answer came: was anything said in the recording?") from None
        with suppress(TimeoutError):
            async with asyncio.timeout(TIMING_TIMEOUT_S):
                await self._answer.is_timed.wait()
        if self._marks:
            self._print(_timeline(self._marks))
        self._marks = {}
        if self._speaker is not None:
            await self._speaker.played()

    async def _send(self, event: dict[str, object]) -> None:
        with suppress(ConnectionError):  # `_listen` tells what happened
            await self._socket.send_str(json.dumps(event))

    async def _listen(self) -> None:
        while (message := await self._socket.receive()).type is aiohttp.WSMsgType.TEXT:
            await self._take(json.loads(message.data))
        raise EngineError(f"the server ended the conversation (code {self._socket.close_code})")

    async def _take(self, event: dict[str, object]) -> None:
        match event:
            case {"type": "response.output_audio.delta", "item_id": str(item), "delta": str(sound)}:
                self._play(item, base64.b64decode(sound))
            case {"type": "input_audio_buffer.speech_started", "audio_start_ms": ms}:
                await self._stop_playing()
                self._print(f"  speech from {ms} ms")
            case {"type": "response.done", "response": dict(response)}:
                self._finish(response)
            case {"type": "error", "error": {"message": str(text)}}:
                raise EngineError(f"the server says: {text}")
            case _:
                self._show(event)

    def _show(self, event: dict[str, object]) -> None:
        match event:
            case {"type": "vivavoce.transcript.partial", "transcript": str(text)}:
                if text != self._partial:
                    self._partial = text
                    self._print(f"  … {text}")
            case {"type": "input_audio_buffer.speech_stopped", "audio_end_ms": ms}:
                self._print(f"  end of turn at {ms} ms")
            case {
                "type": "conversation.item.input_audio_transcription.completed",
                "transcript": str(text),
            }:
                self._print(f"you: {text}")
            case {"type": "response.output_audio_transcript.delta", "delta": str(text)}:
                if not self._is_mid_line:
                    self._console.print("assistant: ", end="")
                self._is_mid_line = True
                self._console.print(text, end="")
            case {"type": "vivavoce.turn.timing", "marks": dict(marks)}:
                self._marks = marks  # in the middle of an answer: shown at its end
                self._answer.is_timed.set()
            case _:
                pass

    def _print(self, line: str | Table) -> None:
        """Print something of its own, below an answer that is still being written."""
        if self._is_mid_line:
            self._console.print()
        self._is_mid_line = False
        self._console.print(line)

    def _play(self, item_id: str, sound: bytes) -> None:
        if item_id != self._answer.item_id:
            self._answer.item_id, self._answer.audio_ms = item_id, 0
        self._answer.audio_ms += len(sound) // BYTES_PER_MS
        self._reply += sound
        if self._speaker is not None:
            self._speaker.push(sound)

    async def _stop_playing(self) -> None:
        """Fall silent, and tell the server how much was heard: it can't know."""
        if self._speaker is None or not self._speaker.waiting_ms:
            return
        heard_ms = max(0, self._answer.audio_ms - self._speaker.waiting_ms)
        self._speaker.clear()
        await self._send(
            {
                "type": "conversation.item.truncate",
                "item_id": self._answer.item_id,
                "content_index": 0,
                "audio_end_ms": heard_ms,
            }
        )

    def _finish(self, response: dict[str, object]) -> None:
        status = response["status"]
        is_noise = status == "completed" and not response["output"]
        if self._talk.text is None and (status == "cancelled" or is_noise):
            return  # the speaker goes on, and is answered later
        if status != "completed":
            self._print(f"  the answer is {status}: {_reason(response)}")
        self._answer.is_done.set()


def _timeline(marks: dict[str, float]) -> Table:
    table = Table("since the end of speech", "ms")
    for name, ms in sorted(marks.items(), key=lambda mark: mark[1]):
        table.add_row(name.replace("_", " "), f"{ms:.0f}")
    return table


def _reason(response: dict[str, object]) -> str:
    match response.get("status_details"):
        case {"error": {"message": str(message)}}:
            return message
        case {"reason": str(reason)}:
            return reason
        case details:
            return str(details)
