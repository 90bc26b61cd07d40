"""Silero v6: how likely a frame contains speech, 0.1 ms a frame, streaming state per session.

The ONNX file comes with the faster-whisper package; it takes 64 samples of context and 512 new
ones at 16 kHz, and a state of two [1, 1, 128] arrays.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct

from vivavoce.engines.onnx_options import onnx_options
from vivavoce.engines.strict_settings import parse_settings
from vivavoce.engines.three_to_two import FROM_SAMPLES, Samples, ThreeToTwo
from vivavoce.errors import EngineError
from vivavoce.interfaces import SpeechDetector
from vivavoce.media.pcm import BYTES_PER_SAMPLE, RATE_HZ, Pcm

CONTEXT_SAMPLES = 64
FRAME_BYTES = FROM_SAMPLES * BYTES_PER_SAMPLE


class SileroSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an operator can set."""

    model_path: str | None = None
    """Another ONNX file of the same shape."""


@asynccontextmanager
async def open_engine(
    settings: Mapping[str, object],
) -> AsyncIterator[Callable[[], SpeechDetector]]:
    """Load the model; yield a factory of detectors, one for each session.

    Raises:
        ConfigError: a setting is unknown.
        EngineError: the model's file is missing.
    """
    model_path = parse_settings(settings, SileroSettings).model_path
    model = _load(Path(model_path) if model_path else packaged_model())

    def new_detector() -> SpeechDetector:
        return SileroDetector(model)

    new_detector().push(Pcm(bytes(RATE_HZ // 5)))  # the first run is ten times slower
    yield new_detector


def packaged_model() -> Path:
    """Return where the faster-whisper package keeps the model, without importing it.

    Raises:
        EngineError: the package is not installed.
    """
    package = find_spec("faster_whisper")
    if package is None or not package.submodule_search_locations:
        raise EngineError("the package faster-whisper, which holds the Silero model, is missing")
    return Path(package.submodule_search_locations[0]) / "assets" / "silero_vad_v6.onnx"


class SileroDetector:
    """One session's detector."""

    def __init__(self, model: Any) -> None:  # an onnxruntime session, which has no types
        self._model = model
        self._resampler = ThreeToTwo()
        self._pending = bytearray()
        self._context = np.zeros(CONTEXT_SAMPLES, np.float32)
        self._h = np.zeros((1, 1, 128), np.float32)
        self._c = np.zeros((1, 1, 128), np.float32)

    def push(self, audio: Pcm) -> list[float]:
        """Take 24 kHz audio of any length; return a probability per 32 ms frame completed."""
        self._pending += audio.data
        n_frames = len(self._pending) // FRAME_BYTES
        probabilities = []
        for start in range(0, n_frames * FRAME_BYTES, FRAME_BYTES):
            frame = bytes(self._pending[start : start + FRAME_BYTES])
            probabilities.append(self._judge(self._resampler.push(frame)))
        del self._pending[: n_frames * FRAME_BYTES]
        return probabilities

    def _judge(self, frame: Samples) -> float:
        window = np.concatenate((self._context, frame))
        self._context = frame[-CONTEXT_SAMPLES:]
        inputs = {"input": window[np.newaxis], "h": self._h, "c": self._c}
        probability, self._h, self._c = self._model.run(None, inputs)
        return float(probability.reshape(-1)[0])


def _load(path: Path) -> Any:
    import onnxruntime

    if not path.is_file():
        raise EngineError(f"the speech detector's model is missing: {path}")
    return onnxruntime.InferenceSession(
        str(path), onnx_options(), providers=["CPUExecutionProvider"]
    )
