"""What scripted engines are told: what to hear, what to answer, how long to take, how to fail."""

import asyncio
import re
import zlib
from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache
from typing import Literal, TypeVar

import numpy as np
from msgspec import Struct

from vivavoce.errors import EngineError, TransportClosed
from vivavoce.interfaces import SpokenSegment
from vivavoce.media.pcm import BYTES_PER_MS, RATE_HZ

T = TypeVar("T")

Sleep = Callable[[float], Awaitable[None]]
"""Waits for so many seconds."""

GAP_MS = 50
"""Silence behind each spoken word."""
LOWEST_HZ, N_TONES, STEP_HZ = 200, 16, 40
"""The tones of words: within a telephone's band, apart enough to be told from each other."""
AMPLITUDE = 8000  # -12 dBFS: loud enough for every speech detector, far from clipping


class Fault(Struct, frozen=True, kw_only=True):
    """How and when a piece of work goes wrong."""

    kind: Literal["fail", "stall", "drop_connection"]
    """`fail`: an engine error. `stall`: nothing happens any more. `drop_connection`: the engine
    raises `TransportClosed`, upon which the server cuts the connection without a goodbye."""
    after_s: float = 0.0
    """Into the work; at its end if it takes less."""


class Heard(Struct, frozen=True, kw_only=True):
    """What a scripted transcriber makes of one turn."""

    text: str
    partials: tuple[str, ...] = ()
    """Beginnings of `text`, each longer than the one before; reported as the audio grows."""
    partial_every_ms: int = 500
    """Audio between one partial and the next."""
    transcript_s: float = 0.0
    """From the pause or the end of the audio to the transcript."""
    language: str | None = None
    """What is detected, unless the client says a language."""
    segments: tuple[SpokenSegment, ...] = ()
    """Who says what, for clients that ask; none: all of it is said by one."""
    fault: Fault | None = None


class Call(Struct, frozen=True):
    """A call that a scripted model makes."""

    name: str
    arguments: str = "{}"
    """JSON text."""


class Answer(Struct, frozen=True, kw_only=True):
    """What a scripted language model or responder says and calls."""

    text: str = ""
    calls: tuple[Call, ...] = ()
    first_token_s: float = 0.0
    token_s: float = 0.0
    """Between one token and the next; a token is a word with the space behind it."""
    first_audio_s: float = 0.0
    """From the first clause to its first sound."""
    fault: Fault | None = None


class Voice(Struct, frozen=True, kw_only=True):
    """How scripted speech sounds: as long as its words are many, the same each time."""

    sound: Literal["tones", "silence"] = "tones"
    """`tones`: one per word, its pitch made from its letters."""
    word_ms: int = 300
    """Length of a word at speed 1, with the gap behind it."""


def one_after_another(things: Sequence[T]) -> Callable[[object], T]:
    """Return a choice that ignores what is asked: the first, the second, the last for ever."""
    asked = iter(things)
    last = things[-1]
    return lambda _request: next(asked, last)


def tokens(text: str) -> list[str]:
    """Cut into words, each with the space behind it. Joined they are the text."""
    return re.findall(r"\s*\S+\s*", text)


def clauses(text: str) -> list[str]:
    """Cut after signs that end a clause. Joined they are the text."""
    return re.findall(r".+?(?:[.!?;:,]+\s+|\Z)", text, re.DOTALL)


def speech(text: str, voice: Voice, speed: float = 1.0) -> bytes:
    """Return 24 kHz 16-bit sound of the words; none for no words."""
    word_ms = round(voice.word_ms / speed)
    if voice.sound == "silence":
        return bytes(len(text.split()) * word_ms * BYTES_PER_MS)
    return b"".join(_tone(word, word_ms) for word in text.split())


class Timeline:
    """The time one piece of work takes, and the fault that waits in it."""

    def __init__(self, sleep: Sleep, fault: Fault | None) -> None:
        self._sleep = sleep
        self._fault = fault
        self._spent_s = 0.0

    async def spend(self, seconds: float) -> None:
        """Let time pass, up to the fault if it comes in between.

        Raises:
            EngineError: the fault came.
            TransportClosed: the fault came, and it is one of the connection.
        """
        fault = self._fault
        if fault is not None and self._spent_s + seconds >= fault.after_s:
            await self._pass(fault.after_s - self._spent_s)
            await _befall(fault)
        await self._pass(seconds)
        self._spent_s += seconds

    async def finish(self) -> None:
        """Meet the fault now if it has not come yet. Raises as `spend` does."""
        if self._fault is not None:
            await self.spend(max(0.0, self._fault.after_s - self._spent_s))

    async def _pass(self, seconds: float) -> None:
        if seconds > 0:
            await self._sleep(seconds)


async def _befall(fault: Fault) -> None:
    match fault.kind:
        case "fail":
            raise EngineError("The script says that the engine fails here.")
        case "drop_connection":
            raise TransportClosed("The script says that the connection drops here.")
        case "stall":
            await asyncio.Event().wait()


@lru_cache(maxsize=64)
def _tone(word: str, word_ms: int) -> bytes:
    pitch_hz = LOWEST_HZ + STEP_HZ * (zlib.crc32(word.encode()) % N_TONES)
    n_sounding = max(0, word_ms - GAP_MS) * RATE_HZ // 1000
    wave = np.sin(2 * np.pi * pitch_hz / RATE_HZ * np.arange(n_sounding)) * AMPLITUDE
    sound: bytes = wave.astype("<i2").tobytes()
    return sound + bytes(word_ms * BYTES_PER_MS - len(sound))
