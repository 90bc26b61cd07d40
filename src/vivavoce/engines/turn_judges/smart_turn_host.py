"""smart-turn in its worker process: 8 s of sound as a log-mel picture, one probability."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from vivavoce.engines.log_mel import RATE_HZ, log_mel
from vivavoce.engines.three_to_two import to_16_khz
from vivavoce.errors import ConfigError

N_SAMPLES = 8 * RATE_HZ
TINY = 1e-7  # keeps silence from being divided by nothing


def open_host(settings: dict[str, Any]) -> "SmartTurnHost":
    """Load and warm the model; runs in the worker process.

    Raises:
        ConfigError: there is no such model.
    """
    path = Path(settings["model_path"])
    if not path.is_file():
        raise ConfigError(f"there is no end-of-turn model at {path}")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    model = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    host = SmartTurnHost(model)
    host.judge(bytes(48_000))
    return host


class SmartTurnHost:
    """The model; `judge` is its only method."""

    def __init__(self, model: Any) -> None:
        self._model = model  # of an untyped library

    def handle(self, _method: str, args: Any, _cancelled: Callable[[], bool]) -> Iterator[Any]:
        """Answer one question; 40 ms are not interrupted."""
        yield self.judge(args)

    def judge(self, data: bytes) -> float:
        """Return the probability that the turn is over, from 24 kHz 16-bit mono."""
        samples = to_16_khz(data)[-N_SAMPLES:]
        # As the model was trained: the end of the sound is the end of the picture.
        window = np.pad(samples, (N_SAMPLES - len(samples), 0))
        window = (window - window.mean()) / np.sqrt(window.var() + TINY)
        picture = log_mel(window.astype(np.float32))[np.newaxis]
        (probability,) = self._model.run(None, {"input_features": picture})
        return float(probability.reshape(-1)[0])
