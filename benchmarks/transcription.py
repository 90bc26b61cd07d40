"""How soon are words written down, and how many of them are wrong?

Real time, one transcription session with the bundled engines: the first `delta` after speech
starts, with turn detection and without, `completed` after the client's commit on about five
seconds of speech, and the word error rate over all recordings.
"""

import asyncio
import base64
import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp

from benchmarks import report
from benchmarks.clips import Clip, load
from benchmarks.server import server
from tests.recordings import WORDS, recording
from vivavoce.media.pcm import BYTES_PER_MS

CHUNK_MS = 20
TIMEOUT_S = 60
N_ROUNDS = 2
FIVE_SECONDS_MS = (4_000, 6_000)
PAUSE_MS = 1_000
"""Silence sent after what was said, so that turn detection sees its end."""
DELTA = "conversation.item.input_audio_transcription.delta"
COMPLETED = "conversation.item.input_audio_transcription.completed"
COMMIT = '{"type":"input_audio_buffer.commit"}'
NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


@dataclass
class Said:
    """When things happened to one utterance, in seconds of `time.perf_counter`."""

    started: float = 0.0
    """Its first sample."""
    committed: float = 0.0
    """By the client; 0: it does not commit."""
    events: dict[str, float] = field(default_factory=dict)
    """Of each type, the first."""
    transcript: str = ""
    is_complete: asyncio.Event = field(default_factory=asyncio.Event)


class Dictation:
    """A session that is spoken to in real time."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, *, commits: bool) -> None:
        self._socket = socket
        self._commits = commits
        self._said = Said()

    async def say(self, audio: bytes) -> Said:
        """Speak, commit where turns are not detected, and wait for the transcript."""
        self._said = said = Said(started=time.perf_counter())
        chunk_bytes = CHUNK_MS * BYTES_PER_MS
        if not self._commits:
            audio += bytes(PAUSE_MS * BYTES_PER_MS)
        for number, start in enumerate(range(0, len(audio), chunk_bytes), 1):
            due = said.started + number * CHUNK_MS / 1000
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            piece = base64.b64encode(audio[start : start + chunk_bytes]).decode()
            event = {"type": "input_audio_buffer.append", "audio": piece}
            await self._socket.send_str(json.dumps(event))
        if self._commits:
            said.committed = time.perf_counter()
            await self._socket.send_str(COMMIT)
        async with asyncio.timeout(TIMEOUT_S):
            await said.is_complete.wait()
        return said

    async def listen(self) -> None:
        """Note what the server says."""
        async for message in self._socket:
            now = time.perf_counter()
            event = json.loads(message.data)
            said = self._said
            said.events.setdefault(event["type"], now)
            if event["type"] == COMPLETED:
                said.transcript += f" {event['transcript']}"
                said.is_complete.set()
            elif event["type"] in ("error", f"{COMPLETED.rpartition('.')[0]}.failed"):
                print(event["error"]["message"])


@asynccontextmanager
async def dictation(url: str, *, commits: bool) -> AsyncIterator[Dictation]:
    """Open a transcription session; without `commits` the server detects turns."""
    audio_input: dict[str, object] = {"transcription": {"model": "gpt-4o-transcribe"}}
    if commits:
        audio_input["turn_detection"] = None
    session = {"type": "transcription", "audio": {"input": audio_input}}
    async with (
        aiohttp.ClientSession() as client,
        client.ws_connect(f"{url}/realtime?intent=transcription", max_msg_size=0) as socket,
    ):
        await socket.send_str(json.dumps({"type": "session.update", "session": session}))
        opened = Dictation(socket, commits=commits)
        async with asyncio.TaskGroup() as tasks:
            listening = tasks.create_task(opened.listen())
            yield opened
            listening.cancel()


async def run() -> None:
    """Measure all, and write it down."""
    clips = [clip for clip in load(500) if clip.length_ms >= 2_000]
    figures: dict[str, object] = {}
    async with server("--profile", "light") as (url, _):
        async with dictation(url, commits=False) as detected:
            await detected.say(clips[0].audio())  # warms up, not counted
            said = [(clip, await detected.say(clip.audio())) for clip in clips * N_ROUNDS]
            figures["first_delta_after_speech_starts_ms"] = first_deltas(said)
        async with dictation(url, commits=True) as manual:
            said = [(clip, await manual.say(clip.audio())) for clip in clips * N_ROUNDS]
            figures["first_delta_without_turn_detection_ms"] = first_deltas(said)
            shortest, longest = FIVE_SECONDS_MS
            long = [one for clip, one in said if shortest <= clip.length_ms <= longest]
            figures["completed_after_commit_ms"] = report.spread(
                [(one.events[COMPLETED] - one.committed) * 1000 for one in long]
            )
            pairs = [
                (words, (await manual.say(recording(name).data)).transcript)
                for name, words in WORDS.items()
            ]
    figures["word_error_rate"] = round(word_error_rate(pairs), 4)
    figures["words"] = sum(len(words.split()) for words in WORDS.values())
    report.write("transcription", {"profile": "light", "rounds": N_ROUNDS}, figures)


def first_deltas(said: list[tuple[Clip, Said]]) -> dict[str, float]:
    """Return the spread of the milliseconds from the first speech to the first delta."""
    return report.spread(
        [
            (one.events[DELTA] - one.started) * 1000 - clip.first_speech_ms
            for clip, one in said
            if DELTA in one.events
        ]
    )


def word_error_rate(pairs: list[tuple[str, str]]) -> float:
    """Return the share of words that are wrong, missing or too many.

    Args:
        pairs: what was said, in plain lower-case words, and what was written.
    """
    n_errors = sum(_n_errors(said.split(), _plain(heard)) for said, heard in pairs)
    return n_errors / sum(len(said.split()) for said, _ in pairs)


def _plain(text: str) -> list[str]:
    words = re.sub(r"[^a-z0-9 ]", " ", text.lower()).split()
    as_said = {"mr": "mister"} | {str(number): word for number, word in enumerate(NUMBERS)}
    return [as_said.get(word, word) for word in words]


def _n_errors(said: list[str], heard: list[str]) -> int:
    row = list(range(len(heard) + 1))
    for n_said, word in enumerate(said, 1):
        diagonal, row[0] = row[0], n_said
        for place, other in enumerate(heard, 1):
            change = diagonal + (word != other)
            diagonal, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, change)
    return row[-1]
