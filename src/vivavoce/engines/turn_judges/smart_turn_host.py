"""The smart-turn model in its worker process."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from vivavoce.engines.log_mel import RATE_HZ, log_mel
from vivavoce.engines.onnx_options import onnx_options
from vivavoce.engines.three_to_two import Samples, to_16_khz
from vivavoce.errors import ConfigError

_FILE = "smart-turn-v3.2-cpu.onnx"
_N_SAMPLES = 8 * RATE_HZ


def open_host(settings: dict[str, Any]) -> "SmartTurnHost":
    """Load the model; runs in the worker process.

    Raises:
        ConfigError: there is no such model.
    """
    path = Path(settings["model_dir"]) / _FILE
    if not path.is_file():
        raise ConfigError(f"there is no smart-turn model: {path} is missing")
    host = SmartTurnHost(
        onnxruntime.InferenceSession(str(path), onnx_options(), providers=["CPUExecutionProvider"])
    )
    host.judge(bytes(48_000))
    return host


class SmartTurnHost:
    """The model; `judge` is its only method."""

    def __init__(self, model: Any) -> None:
        self._model = model  # an onnxruntime session, which has no types

    def handle(self, _method: str, args: Any, _cancelled: Callable[[], bool]) -> Iterator[Any]:
        """Answer with a probability; a run of some 40 ms is not interrupted."""
        yield self.judge(args)

    def judge(self, sound: bytes) -> float:
        """Return how likely the speaker has finished, from 16-bit samples at 24 kHz."""
        features = log_mel(_normal(to_16_khz(sound)[-_N_SAMPLES:]))
        (probability,) = self._model.run(None, {"input_features": features[np.newaxis]})
        return float(probability.reshape(-1)[0])


def _normal(samples: Samples) -> Samples:
    """Return 8 s that end with the sound, with mean 0 and variance 1, as the model was trained."""
    padded = np.zeros(_N_SAMPLES, np.float32)
    if len(samples):
        padded[-len(samples) :] = samples
    normal: Samples = (padded - padded.mean()) / np.sqrt(padded.var() + 1e-7)
    return normal
