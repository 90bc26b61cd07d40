"""Two ends of a call on this machine: real sockets, and a clock that only the test moves."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import numpy as np

from vivavoce.clock import Clock
from vivavoce.media.pcm import RATE_HZ
from vivavoce.transports.rtp.dtmf import DigitEvent
from vivavoce.transports.rtp.session import RtpEndpoint, RtpSession
from vivavoce.transports.rtp.settings import RtpSettings

FRAME_SAMPLES = RATE_HZ // 50
SILENCE = bytes(2 * FRAME_SAMPLES)
LEVEL = 8_000.0
Play = Callable[[int], bytes]


class StillClock(Clock):
    """Stands until it is moved."""

    def __init__(self) -> None:
        self.now_s = 1_000.0

    def now(self) -> float:
        return self.now_s

    def wall_ms(self) -> float:
        return 1.7e12 + self.now_s * 1000


class Ear:
    """Keeps all it is told."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.digits: list[DigitEvent] = []
        self.losses: list[str] = []

    def on_heard(self, sound: bytes) -> None:
        self.heard.append(sound)

    def on_digit(self, event: DigitEvent) -> None:
        self.digits.append(event)

    def on_media_lost(self, reason: str) -> None:
        self.losses.append(reason)

    def samples(self, skip_ms: int = 0) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Return all that was heard, without its beginning."""
        sound = b"".join(self.heard)
        return np.frombuffer(sound, "<i2").astype(np.float64)[skip_ms * RATE_HZ // 1000 :]


class Call:
    """Two sessions and their ears."""

    def __init__(
        self, clock: StillClock, caller: RtpSession, called: RtpSession, ears: tuple[Ear, Ear]
    ) -> None:
        self.clock = clock
        self.caller = caller
        self.called = called
        self.caller_ear, self.called_ear = ears

    def agree(self) -> None:
        """Let the caller offer and the called one answer."""
        self.caller.accept(self.called.answer(self.caller.offer()))

    async def talk(
        self, n_frames: int, caller: Play | None = None, called: Play | None = None
    ) -> None:
        """Let both say something, 20 ms at a time; every packet has come when it returns."""
        for n in range(n_frames):
            self.clock.now_s += 0.02
            self.caller.hear()
            self.called.hear()
            self.caller.play(SILENCE if caller is None else caller(n))
            self.called.play(SILENCE if called is None else called(n))
            await delivered()


async def delivered() -> None:
    """Let what was sent arrive: on this machine it waits in the socket already."""
    for _ in range(4):
        await asyncio.sleep(0)


@asynccontextmanager
async def call(
    caller: RtpSettings | None = None, called: RtpSettings | None = None
) -> AsyncIterator[Call]:
    """Open a call in which nothing was said yet."""
    clock = StillClock()
    ears = Ear(), Ear()
    one = await RtpEndpoint(caller or settings(), clock).open(ears[0], "127.0.0.1")
    other = await RtpEndpoint(called or settings(), clock).open(ears[1], "127.0.0.1")
    try:
        yield Call(clock, one, other, ears)
    finally:
        one.close()
        other.close()
        await delivered()


def settings(**changes: object) -> RtpSettings:
    """Return settings for this machine."""
    return RtpSettings(**{"host": "127.0.0.1", "srtp": "off", **changes})  # type: ignore[arg-type]  # of any kind


def tone(hz: float, level: float = LEVEL) -> Play:
    """Return what says a tone, frame by frame."""

    def play(n: int) -> bytes:
        at = np.arange(n * FRAME_SAMPLES, (n + 1) * FRAME_SAMPLES)
        return (level * np.sin(2 * np.pi * hz * at / RATE_HZ)).astype("<i2").tobytes()

    return play


def pitch_hz(samples: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    """Return the strongest frequency."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * RATE_HZ / len(samples))


def level_of(samples: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    """Return the amplitude of a tone."""
    return float(np.sqrt(2 * np.mean(samples**2)))
