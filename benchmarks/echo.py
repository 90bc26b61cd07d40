"""Question: does the assistant's own voice, coming back through the microphone, interrupt it?

Answers, each the first of its call (the canceller knows nothing yet), come back 50 to 300 ms later
and 12 to 30 dB quieter: as a plain copy, and from a small room; or not at all, to headphones.
"False" are the answers during which a turn starts though nobody speaks: of 20 of the bundled
voices, and of 100 recorded ones, which are louder and come with noise of their own. Then a recorded
voice speaks over each of the 20, 1.2 s after its start, as loud as recorded, 6 and 12 dB quieter:
how much later does its turn start than without any playback, and how often never? Silero, threshold
0.5, 64 ms of it; "raised" has the named threshold all the time. Ours is told 10 ms of the
microphone and 20 ms of playback at a time, each up to 20 ms late; the library is told all in time.
"""

import math
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from benchmarks.report import spread, write
from tests.bundled_models import model_dir
from tests.echo_call import (
    ECHOES,
    PAUSE_MS,
    Echo,
    Samples,
    answer,
    cleaned,
    microphone,
    speech,
    spoken_at,
    turn_starts_ms,
)
from vivavoce.engines.speech_detectors.silero import open_engine
from vivavoce.engines.synthesizers.host import SynthesizerHost, open_host
from vivavoce.interfaces import SpeechDetector
from vivavoce.media.echo import EchoCanceller
from vivavoce.media.pcm import RATE_HZ

VOICES = ("alloy", "ash", "coral", "echo", "sage")
TEXTS = (
    "The capital of France is Paris, and about two million people live there.",
    "I have found three flights for tomorrow morning. The first one leaves at half past seven.",
    "It will rain in the afternoon, so please take an umbrella with you when you go out.",
    "Your order was sent on Monday. It should be with you by the end of the week.",
)
RECORDED = (
    "question-planet",
    "librivox-austen-0890",
    "librivox-austen-0920",
    "jfk",
    "french-computer",
)
NEAR_VOICES = ("goforward", "librivox-austen-0880", "cards-003", "librivox-austen-0930")
NEAR_AT_MS = PAUSE_MS + 1_200
QUIETER_DB = (0, 6, 12)
LATE_MS = 20

Clean = Callable[[Samples, Samples], Samples]


async def run() -> None:
    """Measure, and store the figures."""
    answers = [answer(sound) for sound in _spoken()]
    figures: dict[str, object] = {}
    async with open_engine({}) as new_detector:
        for title, (clean, threshold) in _cases().items():
            row: dict[str, object] = {}
            for place, echoes in _places().items():
                row[place] = _figures(answers, echoes, clean, threshold, new_detector)
            figures[title] = row
        figures["core_share_percent"] = _core_share_percent(answers)
    settings: dict[str, object] = {
        "answers": len(answers),
        "voices": VOICES,
        "delays_ms": [echo.delay_ms for echo in ECHOES],
        "quieter_db": [echo.quieter_db for echo in ECHOES],
    }
    write("echo", settings, figures)


def _cases() -> dict[str, tuple[Clean, float]]:
    from pywebrtc_audio import AudioProcessor

    def untouched(playback: Samples, heard: Samples) -> Samples:
        return heard

    def library(playback: Samples, heard: Samples) -> Samples:
        processor = AudioProcessor(sample_rate=RATE_HZ, echo_cancellation=True)
        near, far = (np.clip(s, -32768, 32767).astype(np.int16) for s in (heard, playback))
        return processor.process(near, far).astype(np.float64)

    def ours(playback: Samples, heard: Samples) -> Samples:
        return cleaned(EchoCanceller(), playback, heard, LATE_MS)

    return {
        "nothing": (untouched, 0.5),
        "threshold raised to 0.8": (untouched, 0.8),
        "threshold raised to 0.95": (untouched, 0.95),
        "the library's canceller": (library, 0.5),
        "the same, and threshold raised to 0.8": (library, 0.8),
        "canceller and gate": (ours, 0.5),
    }


def _places() -> dict[str, list[Echo]]:
    return {
        "plain copy": list(ECHOES),
        "room of 250 ms": [replace(echo, reverberation_ms=250) for echo in ECHOES],
        "headphones": [replace(echo, quieter_db=math.inf) for echo in ECHOES],
    }


def _figures(
    answers: list[Samples],
    echoes: list[Echo],
    clean: Clean,
    threshold: float,
    new_detector: Callable[[], SpeechDetector],
) -> dict[str, object]:
    calls = list(zip(answers, echoes, strict=True))
    n_false = sum(
        bool(turn_starts_ms(clean(p, microphone(p, echo)), new_detector(), threshold))
        for p, echo in calls
    )
    recorded = [(answer(speech(name)), echo) for name in RECORDED for echo in echoes]
    n_false_recorded = sum(
        bool(turn_starts_ms(clean(p, microphone(p, echo)), new_detector(), threshold))
        for p, echo in recorded
    )
    row: dict[str, object] = {
        f"false of {len(calls)}": n_false,
        f"false of {len(recorded)} recorded": n_false_recorded,
    }
    for quieter_db in QUIETER_DB:
        late_ms: list[float] = []
        for number, (playback, echo) in enumerate(calls):
            voice = speech(NEAR_VOICES[number % len(NEAR_VOICES)]) * 10 ** (-quieter_db / 20)
            near = spoken_at(voice, NEAR_AT_MS, len(playback))
            heard = clean(playback, microphone(playback, echo, near))
            alone_ms = turn_starts_ms(near, new_detector())[0]
            starts_ms = turn_starts_ms(heard, new_detector(), threshold)
            late_ms += [float(ms - alone_ms) for ms in starts_ms if ms >= NEAR_AT_MS][:1]
        row[f"voice {quieter_db} dB quieter"] = {
            "never": len(calls) - len(late_ms),
            "late_ms": spread(late_ms) if late_ms else None,
        }
    return row


def _core_share_percent(answers: list[Samples]) -> float:
    heard = [microphone(p, echo) for p, echo in zip(answers, ECHOES, strict=True)]
    started = time.perf_counter()
    for playback, sound in zip(answers, heard, strict=True):
        cleaned(EchoCanceller(), playback, sound)
    busy_s = time.perf_counter() - started
    return round(100 * busy_s * RATE_HZ / sum(map(len, answers)), 2)


def _spoken() -> list[Samples]:
    kokoro_path = str(model_dir("kokoro-82m-int8") / "kokoro-v1.0.int8.onnx")
    host = open_host({"kokoro_path": kokoro_path, "kokoro_threads": 2, "max_parallel": 1})
    return [
        np.frombuffer(b"".join(_speak(host, text, voice)), "<i2").astype(np.float64)
        for voice in VOICES
        for text in TEXTS
    ]


def _speak(host: SynthesizerHost, text: str, voice: str) -> list[bytes]:
    args = {"text": text, "voice": voice, "speed": 1.0}
    return list(host.handle("speak", args, lambda: False))
