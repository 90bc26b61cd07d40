"""Question: what does noise reduction take away, and does the transcriber still hear every word?

The ten recordings of which the words are known, each between two pauses, with white noise 5 dB
below the speech (RMS of the whole recording), for four seeds of the noise. The floor is that of the
pauses after the first second, below 8 kHz: the suppressor keeps nothing above. Word errors are
those of the bundled transcriber; "speech heard" is the share of frames in which Silero hears speech
where it does without noise, "speech imagined" that of the frames of the pauses.
"""

import os
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import platformdirs
from numpy.typing import NDArray

from benchmarks.report import write
from tests.recordings import WORDS
from vivavoce.engines.speech_detectors.silero import open_engine as open_silero
from vivavoce.engines.transcribers.whisper import open_engine as open_whisper
from vivavoce.interfaces import (
    AudioOrPause,
    SpeechDetector,
    Transcriber,
    Transcript,
    TranscriptionHints,
)
from vivavoce.media.noise import Field, NoiseReducer
from vivavoce.media.pcm import BYTES_PER_MS, Pcm, silence
from vivavoce.media.wav import read_wav
from vivavoce.models.fetch import fetch
from vivavoce.models.installed import path_of

AUDIO = Path(__file__).parent.parent / "tests" / "audio"
NUMBERS = {"10": "ten", "8": "eight", "4": "four", "7": "seven", "mr": "mister"}
SNR_DB = 5.0
PAUSE_MS = 1_500
LEARNING_MS = 1_000
SEEDS = (1, 2, 3, 4)
SETTINGS: dict[str, tuple[Field, float] | None] = {
    "none": None,
    "near_field 0.5": ("near_field", 0.5),
    "near_field 1": ("near_field", 1.0),
    "near_field 2": ("near_field", 2.0),
    "far_field 0.5": ("far_field", 0.5),
    "far_field 1": ("far_field", 1.0),
    "far_field 2": ("far_field", 2.0),
}

Samples = NDArray[np.float64]


async def run() -> None:
    """Measure, and store the figures."""
    home = os.environ.get("VIVAVOCE_HOME") or platformdirs.user_data_dir("vivavoce")
    models = Path(home) / "models"
    fetch(models, ["whisper-base"])
    settings: dict[str, object] = {"snr_db": SNR_DB, "recordings": len(WORDS), "seeds": len(SEEDS)}
    figures: dict[str, object] = {}
    whisper = open_whisper({"model_dir": str(path_of(models, "whisper-base"))})
    async with whisper as transcriber, open_silero({}) as new_detector:
        quiet = {name: _between_pauses(name) for name in WORDS}
        figures["without noise"] = await _figures(None, [(n, quiet[n]) for n in WORDS], transcriber)
        heard = {name: _speech(new_detector(), sound) for name, sound in quiet.items()}
        for title, reduction in SETTINGS.items():
            noisy = [(n, with_noise(quiet[n], seed)) for n in WORDS for seed in SEEDS]
            row = await _figures(reduction, noisy, transcriber)
            row |= _detection(reduction, noisy, heard, new_detector)
            figures[title] = row
    write("noise", settings, figures)


async def _figures(
    reduction: tuple[Field, float] | None,
    sounds: list[tuple[str, bytes]],
    transcriber: Transcriber,
) -> dict[str, object]:
    n_errors = n_words = 0
    falls, busy_s, sound_s = [], 0.0, 0.0
    for name, sound in sounds:
        started = time.perf_counter()
        clean = cleaned(sound, reduction)
        busy_s += time.perf_counter() - started
        sound_s += len(sound) / BYTES_PER_MS / 1000
        falls.append(_floor_db(sound) - _floor_db(clean))
        n_errors += word_errors(WORDS[name], await _words(transcriber, clean))
        n_words += len(WORDS[name].split())
    return {
        "floor_falls_db": round(float(np.mean(falls)), 1),
        "word_errors": n_errors,
        "words": n_words,
        "core_share_percent": round(100 * busy_s / sound_s, 2),
    }


def _detection(
    reduction: tuple[Field, float] | None,
    sounds: list[tuple[str, bytes]],
    heard: dict[str, NDArray[np.bool_]],
    new_detector: object,
) -> dict[str, object]:
    assert callable(new_detector)
    n_right = n_speech = n_imagined = n_pause = 0
    pause = PAUSE_MS // 32 - 2
    for name, sound in sounds:
        speech = _speech(new_detector(), cleaned(sound, reduction))
        n_right += int((speech & heard[name]).sum())
        n_speech += int(heard[name].sum())
        n_imagined += int(speech[:pause].sum())
        n_pause += pause
    return {
        "speech_heard_percent": round(100 * n_right / n_speech, 1),
        "speech_imagined_percent": round(100 * n_imagined / n_pause, 1),
    }


def cleaned(sound: bytes, reduction: tuple[Field, float] | None) -> bytes:
    """Return the sound as the engines hear it, sent in pieces of 20 ms."""
    if reduction is None:
        return sound
    reducer, piece = NoiseReducer(*reduction), 20 * BYTES_PER_MS
    return b"".join(reducer.push(sound[at : at + piece]) for at in range(0, len(sound), piece))


def with_noise(sound: bytes, seed: int) -> bytes:
    """Return the sound with white noise `SNR_DB` below the speech in it."""
    samples = _samples(sound)
    speech = samples[PAUSE_MS * 24 : -PAUSE_MS * 24]
    level = float(np.sqrt(np.mean(speech**2) / 10 ** (SNR_DB / 10)))
    noise = np.random.default_rng(seed).normal(0.0, level, len(samples))
    noisy: bytes = np.clip(samples + noise, -32768, 32767).astype("<i2").tobytes()
    return noisy


def word_errors(wanted: str, got: str) -> int:
    """Return insertions, deletions and substitutions."""
    plain = re.sub(r"[^a-z0-9' ]", " ", got.lower().replace("'", ""))
    said = [NUMBERS.get(word, word) for word in plain.split()]
    row = list(range(len(said) + 1))
    for at, word in enumerate(wanted.split(), start=1):
        diagonal, row[0] = row[0], at
        for index, other in enumerate(said, start=1):
            cost = min(row[index] + 1, row[index - 1] + 1, diagonal + (word != other))
            diagonal, row[index] = row[index], cost
    return row[-1]


def _between_pauses(name: str) -> bytes:
    pause = silence(PAUSE_MS).data
    return pause + read_wav(AUDIO / f"{name}.wav").data + pause


def _speech(detector: SpeechDetector, sound: bytes) -> NDArray[np.bool_]:
    return np.array(detector.push(Pcm(sound))) >= 0.5


def _floor_db(sound: bytes) -> float:
    samples = _samples(sound)[LEARNING_MS * 24 : (PAUSE_MS - 100) * 24]
    spectrum = np.abs(np.fft.rfft(samples)) ** 2
    low = spectrum[np.fft.rfftfreq(len(samples), 1 / 24_000) < 8_000]
    return float(10 * np.log10(low.mean() + 1e-9))


def _samples(sound: bytes) -> Samples:
    return np.frombuffer(sound, "<i2").astype(np.float64)


async def _words(transcriber: Transcriber, sound: bytes) -> str:
    async def fed() -> AsyncIterator[AudioOrPause]:
        yield Pcm(sound)

    async for event in transcriber.transcribe(fed(), TranscriptionHints()):
        if isinstance(event, Transcript):
            return event.text
    return ""
