"""A client that speaks in real time and notes when it was answered."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp

from vivavoce.media.pcm import BYTES_PER_MS

CHUNK_MS = 20
TURN_TIMEOUT_S = 60
APPEND = '{{"type":"input_audio_buffer.append","audio":"{}"}}'


@dataclass
class Turn:
    """When things happened, in seconds of `time.perf_counter`; None: not yet."""

    start_of_clip: float = 0.0
    end_of_speech: float = 0.0
    events: dict[str, float] = field(default_factory=dict)
    has_sound: asyncio.Event = field(default_factory=asyncio.Event)
    last_audio: float | None = None
    marks: dict[str, float] = field(default_factory=dict)
    transcript: str = ""
    audio_bytes: int = 0
    usage: dict[str, object] = field(default_factory=dict)

    def ms_to(self, event: str) -> float:
        """Milliseconds from the end of speech to the first such event."""
        return (self.events[event] - self.end_of_speech) * 1000


class Speaker:
    """One session: a microphone that never stops, and the server's events."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._voice: asyncio.Queue[tuple[bytes, Turn]] = asyncio.Queue()
        self.turn = Turn()
        self._done = asyncio.Event()

    async def send(self, event: dict[str, object]) -> None:
        """Send a client event."""
        await self._socket.send_str(json.dumps(event))

    async def say(self, audio: bytes) -> Turn:
        """Speak in real time and wait until the answer is complete."""
        self.turn = turn = Turn()
        self._done.clear()
        await self._voice.put((audio, turn))
        async with asyncio.timeout(TURN_TIMEOUT_S + len(audio) / BYTES_PER_MS / 1000):
            await self._done.wait()
        return turn

    async def interrupt(self, audio: bytes) -> tuple[float, float]:
        """Speak over the answer.

        Returns:
            when the first sample was spoken, and when the last audio of that answer came.
        """
        answer, voice = self.turn, Turn()
        await self._voice.put((audio, voice))
        async with asyncio.timeout(TURN_TIMEOUT_S):
            await self._done.wait()
        assert answer.last_audio is not None
        return voice.start_of_clip, answer.last_audio

    async def microphone(self, chunk_ms: int) -> None:
        """Send `chunk_ms` of sound every `chunk_ms`: what is to be said, or silence."""
        chunk_bytes = chunk_ms * BYTES_PER_MS
        started, n_sent = time.perf_counter(), 0
        speech, turn = b"", None
        while True:
            if not speech and not self._voice.empty():
                speech, turn = self._voice.get_nowait()
                turn.start_of_clip = time.perf_counter()
            chunk, speech = speech[:chunk_bytes], speech[chunk_bytes:]
            pad_ms = (chunk_bytes - len(chunk)) / BYTES_PER_MS
            chunk += bytes(chunk_bytes - len(chunk))
            due = started + n_sent * chunk_ms / 1000
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            audio = base64.b64encode(chunk).decode()
            await self._socket.send_str(APPEND.format(audio))
            n_sent += 1
            if turn is not None and not speech:
                # A microphone can send a chunk only when it is over: its end is now.
                turn.end_of_speech = time.perf_counter() - pad_ms / 1000
                turn = None

    async def listen(self) -> None:
        """Note each event's first arrival within the turn."""
        async for message in self._socket:
            now = time.perf_counter()
            event = json.loads(message.data)
            kind, turn = event["type"], self.turn
            turn.events.setdefault(kind, now)
            if kind == "response.output_audio.delta":
                turn.last_audio = now
                turn.has_sound.set()
                turn.audio_bytes += len(event["delta"]) * 3 // 4
            elif kind == "vivavoce.turn.timing":
                turn.marks = event["marks"]
            elif kind == "response.output_audio_transcript.done":
                turn.transcript = event["transcript"]
            elif kind == "error":
                print("error:", event["error"]["message"])
            elif kind == "response.done":
                turn.usage = event["response"]["usage"]
                if event["response"]["status"] != "completed":
                    print(
                        "response:",
                        event["response"]["status"],
                        event["response"]["status_details"],
                    )
                self._done.set()


@asynccontextmanager
async def speaker(
    url: str,
    session: dict[str, object] | None = None,
    *,
    extensions: bool = True,
    chunk_ms: int = CHUNK_MS,
) -> AsyncIterator[Speaker]:
    """Open a session at a server's base URL and keep its microphone open."""
    query = "model=gpt-realtime" + ("&extensions=1" if extensions else "")
    async with (
        aiohttp.ClientSession() as client,
        client.ws_connect(f"{url}/realtime?{query}", max_msg_size=0) as socket,
    ):
        person = Speaker(socket)
        if session is not None:
            await person.send(
                {"type": "session.update", "session": {"type": "realtime", **session}}
            )
        async with asyncio.TaskGroup() as tasks:
            listening = tasks.create_task(person.listen())
            speaking = tasks.create_task(person.microphone(chunk_ms))
            yield person
            speaking.cancel()
            listening.cancel()


def server_vad(silence_ms: int) -> dict[str, object]:
    """Return session settings with this silence duration."""
    vad = {"type": "server_vad", "silence_duration_ms": silence_ms}
    return {"audio": {"input": {"turn_detection": vad}}}
