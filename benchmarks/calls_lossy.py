"""Question: how much of what a caller says arrives through a network that loses packets?

A WebRTC client speaks the ten recordings of which the words are known, one after the other, to a
served process behind a relay that loses a share of all datagrams and lets 2 % of the others arrive
out of order; the flight recorder keeps what the session hears. "Speech that arrives" is the number
of frames in which Silero hears speech (0.5), against those of the recordings themselves; concealed
packets count where they still sound like speech. Word errors are those of the bundled transcriber.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import msgspec
import numpy as np

from benchmarks.noise import word_errors
from benchmarks.report import write
from tests.bundled_models import model_dir
from tests.recordings import WORDS, recording
from tests.rtc_client import RATE_HZ, Caller
from tests.served import served
from tests.transports.lossy_call import LOOPBACK, lossy_call
from vivavoce.core.inputs import AudioHeard
from vivavoce.engines.speech_detectors.silero import open_engine as open_silero
from vivavoce.engines.transcribers.whisper import open_engine as open_whisper
from vivavoce.interfaces import (
    AudioOrPause,
    SpeechDetector,
    Transcriber,
    Transcript,
    TranscriptionHints,
)
from vivavoce.media.pcm import BYTES_PER_MS, Pcm, silence
from vivavoce.media.resample import resample
from vivavoce.runtime.recording import Step, input_of

LOST = (0.0, 0.02, 0.05)
OVERTAKEN = 0.02
SEEDS = (1, 2)
PAUSE_MS = 1_000
LATE_S = 0.5
"""What was said last is heard by then."""
SPEECH = 0.5
SCRIPT = '[[turns]]\nhears = "Yes."\nanswer = "Yes."\n'


async def run() -> None:
    """Measure, and store the figures."""
    figures: dict[str, object] = {}
    whisper = open_whisper({"model_dir": str(model_dir("whisper-base"))})
    async with whisper as transcriber, open_silero({}) as new_detector:
        n_said = sum(_n_speech(new_detector(), _framed(name).data) for name in WORDS)
        for lost in LOST:
            runs = [await _heard(lost, seed) for seed in SEEDS[: 1 if lost == 0 else None]]
            n_errors = [await _n_errors(transcriber, heard) for heard, _ in runs]
            n_heard = [_n_speech(new_detector(), heard) for heard, _ in runs]
            figures[f"{lost:.0%} lost"] = {
                "speech_that_arrives_percent": [round(100 * n / n_said, 1) for n in n_heard],
                "really_lost_percent": [round(100 * share, 1) for _, share in runs],
                "word_errors": n_errors,
                "words": sum(len(words.split()) for words in WORDS.values()),
            }
    settings: dict[str, object] = {"overtaken": OVERTAKEN, "seeds": SEEDS}
    write("calls-lossy", settings, figures)


async def _heard(lost: float, seed: int) -> tuple[bytes, float]:
    """Return what a session heard of all recordings, and the share of datagrams lost."""
    with tempfile.TemporaryDirectory() as home:
        environment = {"VIVAVOCE_HOME": home, "VIVAVOCE_SESSION__RECORD": "full", **LOOPBACK}
        async with (
            served("--scripted", written(home), **environment) as (url, _),
            aiohttp.ClientSession() as http,
            lossy_call(http, url, seed) as (caller, relay),
        ):
            await _turn_off_detection(caller)
            relay.lost, relay.overtaken = lost, OVERTAKEN if lost else 0.0
            said = b"".join(resample(_framed(name), RATE_HZ).data for name in WORDS)
            caller.say(said)
            await asyncio.sleep(len(said) / 2 / RATE_HZ + LATE_S)
            share = relay.n_lost / relay.n_relayed
        return sound_recorded(home), share


def written(home: str) -> str:
    """Write the script of the engines; return its path."""
    script = Path(home, "script.toml")
    script.write_text(SCRIPT)
    return str(script)


def sound_recorded(home: str) -> bytes:
    """Return all that the one recorded session of a server heard."""
    [file] = Path(home).rglob("*.jsonl")
    inputs = map(_input, file.read_text().splitlines()[1:])
    return b"".join(one.data for one in inputs if isinstance(one, AudioHeard))


def _input(line: str) -> object:
    return input_of(msgspec.json.decode(line, type=Step))


async def _turn_off_detection(caller: Caller) -> None:
    audio = {"input": {"turn_detection": None}}
    caller.send({"type": "session.update", "session": {"type": "realtime", "audio": audio}})
    await caller.received("session.updated")


def _framed(name: str) -> Pcm:
    return Pcm(silence(PAUSE_MS).data + recording(name).data)


def _n_speech(detector: SpeechDetector, sound: bytes) -> int:
    return int((np.array(detector.push(Pcm(sound))) >= SPEECH).sum())


async def _n_errors(transcriber: Transcriber, heard: bytes) -> int:
    """Return the word errors; recordings are found by where they were said."""
    n_errors, at = 0, 0
    for name, words in WORDS.items():
        end = at + len(_framed(name).data)
        slack = PAUSE_MS * BYTES_PER_MS // 2  # the network's delay, and the next one's pause
        n_errors += word_errors(words, await _words(transcriber, heard[at : end + slack]))
        at = end
    return n_errors


async def _words(transcriber: Transcriber, sound: bytes) -> str:
    async def fed() -> AsyncIterator[AudioOrPause]:
        yield Pcm(sound)

    async for event in transcriber.transcribe(fed(), TranscriptionHints()):
        if isinstance(event, Transcript):
            return event.text
    return ""
