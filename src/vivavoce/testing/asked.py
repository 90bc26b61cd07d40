"""What scripted engines keep of the work they were given."""

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

T = TypeVar("T")

N_KEPT = 256
"""A scripted server may run for days; a test looks at the last few."""


@dataclass(slots=True)
class Asked(Generic[T]):
    """One request, and how its stream ended."""

    request: T
    ended: Literal["finished", "failed", "closed"] | None = None
    """`closed`: before its end, by whoever read it. None: it still runs."""


@contextmanager
def recorded(kept: deque[Asked[T]], request: T) -> Iterator[None]:
    """Keep the request, and note how the work under `with` ended."""
    asked = Asked(request)
    kept.append(asked)
    try:
        yield
    except (GeneratorExit, asyncio.CancelledError):
        asked.ended = "closed"
        raise
    except BaseException:
        asked.ended = "failed"
        raise
    asked.ended = "finished"
