"""A host without a model, for the tests of `worker`."""

import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

from vivavoce.errors import ConfigError, EngineError

Cancelled = Callable[[], bool]


class ToyHost:
    def __init__(self, settings: dict[str, Any]) -> None:
        self._settings = settings
        self._n_sent = 0
        self._methods: dict[str, Callable[[Any, Cancelled], Iterator[Any]]] = {
            "echo": lambda args, _: iter(args),
            "settings": lambda *_: iter([self._settings]),
            "niceness": lambda *_: iter([os.getpriority(os.PRIO_PROCESS, 0)]),
            "n_sent": lambda *_: iter([self._n_sent]),
            "count": self._count,
            "until cancelled": _until_cancelled,
            "refuse": _refuse,
            "fail": _fail,
            "die": _die,
        }

    def handle(self, method: str, args: Any, cancelled: Cancelled) -> Iterator[Any]:
        return self._methods[method](args, cancelled)

    def _count(self, limit: int, _: Cancelled) -> Iterator[int]:
        for self._n_sent in range(limit):
            yield self._n_sent


def _until_cancelled(_: Any, cancelled: Cancelled) -> Iterator[str]:
    yield "started"
    while not cancelled():
        pass


def _refuse(*_: Any) -> Iterator[str]:
    raise EngineError("no such voice", code="voice_missing")


def _fail(*_: Any) -> Iterator[str]:
    raise ValueError("boom")


def _die(*_: Any) -> Iterator[str]:
    yield "last words"
    os.kill(os.getpid(), signal.SIGKILL)


def open_toy(settings: dict[str, Any]) -> ToyHost:
    match settings.get("loads"):
        case "badly":
            raise ConfigError("is no folder", path="model_dir")
        case "not":
            raise EngineError("the model is broken", code="broken")
        case "with a bug":
            raise RuntimeError("oops")
        case "and dies":
            os.kill(os.getpid(), signal.SIGKILL)
        case _:
            pass
    return ToyHost(settings)
