"""What is done to a model's samples before they are sent: tempo, silence at the ends, level."""

import av
import numpy as np
import numpy.typing as npt
from av.filter import Graph

from vivavoce.media.pcm import RATE_HZ

Samples = npt.NDArray[np.float32]
"""Mono at 24 kHz, from -1 to 1."""

_FRAME = RATE_HZ // 100  # 10 ms: short enough to find where a word begins
_QUIET = 0.02  # of the loudest frame, -34 dB: below soft consonants, above the models' noise
_KEPT_BEFORE_MS = 20
_KEPT_AFTER_MS = 40  # the last consonant fades below the threshold
_FADE_MS = 5  # what is cut off is not digital silence

_CLOSING = " \"'\N{RIGHT DOUBLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK})"
PAUSE_AFTER_SENTENCE_MS = 250
PAUSE_AFTER_CLAUSE_MS = 110
"""Both as the models pause inside a text; what is kept of the fading sound comes on top."""


def stretch(samples: Samples, tempo: float) -> Samples:
    """Make speech slower or faster without changing its pitch; `tempo` 0.25 to 4."""
    if tempo == 1 or not len(samples):
        return samples
    graph = Graph()
    source = graph.add_abuffer(sample_rate=RATE_HZ, format="flt", layout="mono")
    # One filter goes down to 0.5 only, so two in a row each do half of the way.
    first, second = (graph.add("atempo", f"{tempo**0.5:.6f}") for _ in range(2))
    sink = graph.add("abuffersink")
    source.link_to(first)
    first.link_to(second)
    second.link_to(sink)
    graph.configure()
    frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="flt", layout="mono")
    frame.sample_rate = RATE_HZ
    graph.push(frame)
    graph.push(None)
    return np.concatenate([*_pulled(graph), np.zeros(0, np.float32)])


def trim(samples: Samples) -> Samples:
    """Take silence off both ends; nothing is left of silence."""
    n_frames = len(samples) // _FRAME
    frames = samples[: n_frames * _FRAME].reshape(n_frames, _FRAME)
    levels = np.sqrt(np.mean(frames * frames, axis=1)) if n_frames else np.zeros(0)
    loud = np.flatnonzero(levels > _QUIET * levels.max(initial=1e-3))
    if not len(loud):
        return samples[:0]
    start = max(int(loud[0]) * _FRAME - _n_samples(_KEPT_BEFORE_MS), 0)
    end = (int(loud[-1]) + 1) * _FRAME + _n_samples(_KEPT_AFTER_MS)
    return _faded(samples[start:end])


def pause_after_ms(phonemes: str) -> int:
    """Return how long a speaker rests after this punctuation."""
    last = phonemes.rstrip(_CLOSING)[-1:]
    if last and last in ".!?…":
        return PAUSE_AFTER_SENTENCE_MS
    return PAUSE_AFTER_CLAUSE_MS if last and last in ",;:—" else 0


def to_pcm(samples: Samples, gain: float, pause_ms: float) -> bytes:
    """Return 16-bit samples, louder by `gain` and followed by a pause."""
    clipped = np.clip(samples * (gain * 32_767), -32_768, 32_767)
    loud: npt.NDArray[np.int16] = clipped.astype(np.int16)
    return loud.tobytes() + bytes(2 * _n_samples(pause_ms))


def _faded(samples: Samples) -> Samples:
    n_faded = min(_n_samples(_FADE_MS), len(samples) // 2)
    ramp = np.linspace(0, 1, n_faded, dtype=np.float32)
    faded = samples.copy()
    faded[:n_faded] *= ramp
    faded[len(faded) - n_faded :] *= ramp[::-1]
    return faded


def _pulled(graph: Graph) -> list[Samples]:
    pieces: list[Samples] = []
    while True:
        try:
            frame = graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return pieces
        assert isinstance(frame, av.AudioFrame)
        pieces.append(frame.to_ndarray().reshape(-1).astype(np.float32))


def _n_samples(ms: float) -> int:
    return round(ms * RATE_HZ / 1000)
