"""Plays the scenes of a client one after another and prints, as JSON, what each of them saw.

Programs of packages run in environments of their own, so they import this and their package only.
"""

import asyncio
import json
import sys
import traceback
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Generic, TypeVar

DEADLINE_S = 20
PIECE_BYTES = 4800  # 100 ms, as a microphone gives
ONE_SECOND = 48_000
"""Bytes of sound; so much of the speech is enough to be noticed."""

E = TypeVar("E")
Seen = dict[str, object]

BASE_URL = sys.argv[1]
"""Address of the server, up to and with `/v1`."""

WS_BASE_URL = BASE_URL.replace("http", "ws", 1)
"""The same for clients that want the scheme of WebSockets."""

WS_URL = f"{WS_BASE_URL}/realtime"
"""The same for clients that want the whole address."""

SPEECH = Path(sys.argv[2]).read_bytes()
"""Somebody says "go forward ten meters" and is silent then: 24 kHz mono, 16 bit."""


def play(scenes: Mapping[str, Callable[[], Awaitable[Seen]]]) -> None:
    """Print what each scene returns. One that fails does not keep the others away."""
    sys.stdout.write(json.dumps(asyncio.run(_played(scenes))))


def pieces(sound: bytes = SPEECH, size: int = PIECE_BYTES) -> Iterator[bytes]:
    """Cut sound into pieces as they come from a microphone."""
    for start in range(0, len(sound), size):
        yield sound[start : start + size]


class Inbox(Generic[E]):
    """Events in the order of their coming, for code that waits for one of them."""

    def __init__(self) -> None:
        self._events: asyncio.Queue[E] = asyncio.Queue()

    def put(self, event: E) -> None:
        """Add an event; a callback can do this."""
        self._events.put_nowait(event)

    async def until(self, fits: Callable[[E], bool]) -> E:
        """Take events up to the first that fits, and return this one."""
        while not fits(event := await self._events.get()):
            pass
        return event


async def _played(scenes: Mapping[str, Callable[[], Awaitable[Seen]]]) -> dict[str, Seen]:
    seen = {}
    for name, scene in scenes.items():
        try:
            async with asyncio.timeout(DEADLINE_S):
                seen[name] = await scene()
        except Exception:  # noqa: BLE001  # a client may raise anything; the test shows it
            seen[name] = {"raised": traceback.format_exc()}
    return seen
