"""A telephone: a SIP user agent with sound, built from the client sides of the two transports."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import numpy as np

from vivavoce.clock import Clock
from vivavoce.media.pcm import RATE_HZ
from vivavoce.runtime.pacer import Pacer
from vivavoce.transports.rtp.dtmf import DigitEvent
from vivavoce.transports.rtp.session import RtpEndpoint, RtpSession
from vivavoce.transports.rtp.settings import CodecName, RtpSettings
from vivavoce.transports.sip.events import Answered, CallEvent, Ended
from vivavoce.transports.sip.messages import Header
from vivavoce.transports.sip.outgoing import OutgoingCall
from vivavoce.transports.sip.server import OnCall, SipServer
from vivavoce.transports.sip.settings import SipSettings

FRAME_BYTES = 960
LOUD = 1_000
"""Samples above it are sound, whatever the codec makes of silence."""
PATIENCE_S = 15


@dataclass
class PhoneCall:
    """A call under way; made by `calling`."""

    leg: OutgoingCall
    media: RtpSession
    heard: bytearray = field(default_factory=bytearray)
    """All that came, 24 kHz 16-bit mono."""
    events: list[CallEvent] = field(default_factory=list)
    has_news: asyncio.Condition = field(default_factory=asyncio.Condition)
    _to_say: bytearray = field(default_factory=bytearray)

    def say(self, sound: bytes) -> None:
        """Speak, 24 kHz 16-bit mono; silence follows."""
        self._to_say += sound

    async def happened(self, kind: type[CallEvent]) -> CallEvent:
        """Wait for the first event of a kind."""
        async with self.has_news, asyncio.timeout(PATIENCE_S):
            await self.has_news.wait_for(lambda: any(isinstance(e, kind) for e in self.events))
        return next(event for event in self.events if isinstance(event, kind))

    async def heard_sound(self, seconds: float = 0.1) -> bytes:
        """Wait for this much sound that is no silence, from now on; return it."""
        begin = len(self.heard)
        n_bytes = int(seconds * RATE_HZ) * 2
        async with asyncio.timeout(PATIENCE_S):
            while True:
                samples = np.frombuffer(bytes(self.heard[begin:]), "<i2").astype(int)
                loud = np.flatnonzero(np.abs(samples) > LOUD)
                if loud.size and len(samples) - loud[0] >= n_bytes // 2:
                    return bytes(self.heard[begin + 2 * int(loud[0]) :])
                await asyncio.sleep(0.02)

    def speak(self) -> None:
        """Say the next 20 ms."""
        frame = bytes(self._to_say[:FRAME_BYTES]).ljust(FRAME_BYTES, b"\0")
        del self._to_say[:FRAME_BYTES]
        self.media.play(frame)

    async def follow(self) -> None:
        """Keep what happens, to the end."""
        async for event in self.leg.events():
            if isinstance(event, Answered):
                self.media.accept(event.sdp)
            async with self.has_news:
                self.events.append(event)
                self.has_news.notify_all()


class _Ear:
    """Stands between the media and the call, which come to be one after the other."""

    def __init__(self) -> None:
        self.call: PhoneCall | None = None
        self.digits: list[DigitEvent] = []

    def on_heard(self, sound: bytes) -> None:
        if self.call is not None:
            self.call.heard += sound

    def on_digit(self, event: DigitEvent) -> None:
        self.digits.append(event)

    def on_media_lost(self, reason: str) -> None:
        raise AssertionError(reason)


@asynccontextmanager
async def calling(
    uri: str,
    *,
    headers: Sequence[Header] = (),
    codecs: tuple[CodecName, ...] = ("pcmu",),
    on_call: OnCall | None = None,
    first_port: int = 31_000,
) -> AsyncIterator[PhoneCall]:
    """Call somebody; the call is hung up when the block is left, if it is not over then."""
    clock, pacer, ear = Clock(), Pacer(), _Ear()
    settings = SipSettings(udp_port=0, tcp_port=None)
    rtp = RtpEndpoint(
        RtpSettings(first_port=first_port, last_port=first_port + 400, codecs=codecs, srtp="off"),
        clock,
    )
    async with SipServer(settings, clock, on_call or _hang_up) as server:
        media = await rtp.open(ear, "127.0.0.1")
        try:
            call = PhoneCall(await server.call(uri, media.offer(), headers=headers), media)
            ear.call = call
            async with asyncio.TaskGroup() as tasks:
                following = tasks.create_task(call.follow())
                with pacer.paced(media.hear, call.speak):
                    yield call
                call.leg.hangup()
                await call.happened(Ended)
                following.cancel()
        finally:
            media.close()


async def _hang_up(call: object) -> None:
    """Take no calls."""
