"""Pipecat's smart-turn v3.2: from the sound of the last 8 s, whether the speaker has finished.

It runs in a worker process of its own, 40 ms of one core a decision.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from msgspec import Struct

from vivavoce.engines.strict_settings import parse_settings
from vivavoce.engines.worker import Worker, open_worker
from vivavoce.interfaces import TurnJudge
from vivavoce.media.pcm import BYTES_PER_MS, Pcm

_HOST = "vivavoce.engines.turn_judges.smart_turn_host:open_host"
_HEARD_BYTES = 8_000 * BYTES_PER_MS


class SmartTurnSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an operator can set."""

    model_dir: str
    """Folder that holds `smart-turn-v3.2-cpu.onnx`."""


@asynccontextmanager
async def open_engine(settings: Mapping[str, object]) -> AsyncIterator[TurnJudge]:
    """Load the model in a process of its own.

    Raises:
        ConfigError: a setting is wrong, or there is no model in `model_dir`.
        EngineError: the worker could not be started.
    """
    model_dir = parse_settings(settings, SmartTurnSettings).model_dir
    async with open_worker(_HOST, {"model_dir": model_dir}, name="smart-turn") as worker:
        yield SmartTurn(worker)


class SmartTurn:
    """Shared by all sessions."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    async def judge(self, audio: Pcm) -> float:
        """Return the probability (0 to 1) that the turn is over, from up to 8 s of 24 kHz.

        Raises:
            EngineError: the worker died.
        """
        return float(await self._worker.call("judge", audio.data[-_HEARD_BYTES:]))
