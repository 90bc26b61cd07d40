"""smart-turn v3.2: whether a speaker has finished, from the sound of the last seconds.

Runs in a worker process; the model takes 40 ms, which no event loop should stand still for.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from msgspec import Struct

from vivavoce.engines.strict_settings import parse_settings
from vivavoce.engines.worker import Worker, open_worker
from vivavoce.interfaces import TurnJudge
from vivavoce.media.pcm import Pcm

HOST = "vivavoce.engines.turn_judges.smart_turn_host:open_host"


class SmartTurnSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of this engine."""

    model_path: str
    """The ONNX file."""


@asynccontextmanager
async def open_engine(settings: Mapping[str, object]) -> AsyncIterator[TurnJudge]:
    """Load the model in a process of its own.

    Raises:
        ConfigError: a setting is wrong, or there is no model at `model_path`.
        EngineError: the worker could not be started.
    """
    path = parse_settings(settings, SmartTurnSettings).model_path
    async with open_worker(HOST, {"model_path": path}, name="end of turn") as worker:
        yield SmartTurnJudge(worker)


class SmartTurnJudge:
    """Shared by all sessions, which take turns."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    async def judge(self, audio: Pcm) -> float:
        """Return the probability (0 to 1) that the turn is over, from up to 8 s of 24 kHz.

        Raises:
            EngineError: the worker died.
        """
        return float(await self._worker.call("judge", audio.data))
