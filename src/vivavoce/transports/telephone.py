"""One telephone call as a session sees it: SIP signalling and RTP sound, joined.

There is no channel for events: control connections (sidebands) take and send them.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from vivavoce.clock import Clock
from vivavoce.interfaces import KeyPressed, NextFrame, Received, TrackSound
from vivavoce.media.pcm import silence
from vivavoce.protocol.client_events import ClientEvent
from vivavoce.protocol.server_events import ServerEvent
from vivavoce.transports.rtp.dtmf import DigitEvent, DigitHeard
from vivavoce.transports.rtp.session import RtpSession
from vivavoce.transports.sip.events import CallEvent, ReferProgress

LOG = logging.getLogger(__name__)

SILENT_FRAME = silence(20).data


class Leg(Protocol):
    """The signalling of a call, made by us or to us."""

    def events(self) -> AsyncIterator[CallEvent]:
        """Yield what happens, `Ended` last. For one reader."""
        ...

    def hangup(self) -> None:
        """End the call, in whatever state it is."""
        ...

    def refer(self, target: str) -> AsyncIterator[ReferProgress]:
        """Transfer the call, and yield how that goes.

        Raises:
            TransportClosed: the call is not up.
        """
        ...


class TelephoneTransport:
    """A `CallTransport`, and listens to its media. `leg` and `media` are set before its use."""

    def __init__(self, clock: Clock) -> None:
        self.leg: Leg | None = None
        self.media: RtpSession | None = None
        self.first: Sequence[ClientEvent] = ()
        """What the session is told before anything else, as if a client had sent it."""
        self._clock = clock
        self._arrived: deque[Received] = deque()
        self._heard: list[bytes] = []
        self._played = SILENT_FRAME
        self._has_news = asyncio.Event()
        self._is_over = False

    # --- Transport ---

    async def receive(self) -> Received | None:
        """See `Transport`; None when the call is over."""
        if self.first:
            event, *self.first = self.first
            return event
        while not self._arrived:
            if self._is_over:
                return None
            self._has_news.clear()
            await self._has_news.wait()
        return self._arrived.popleft()

    async def send(self, event: ServerEvent) -> None:
        """See `Transport`. A telephone takes no events."""

    async def close(self, code: int, reason: str) -> None:
        """See `Transport`; hangs up."""
        self._hang_up()
        self.on_end()

    @property
    def unsent_bytes(self) -> int:
        """See `Transport`."""
        return 0

    # --- CallTransport ---

    def hear(self) -> TrackSound | None:
        """See `CallTransport`."""
        if self.media is None or self._is_over:
            return None
        self.media.hear()
        heard, self._heard = b"".join(self._heard), []
        return TrackSound(heard, self._played) if heard else None

    def play(self, next_frame: NextFrame) -> None:
        """See `CallTransport`."""
        if self.media is None or self._is_over:
            return
        self._played = next_frame() if self.media.is_playing else SILENT_FRAME
        self.media.play(self._played)

    # --- MediaListener ---

    def on_heard(self, sound: bytes) -> None:
        """See `MediaListener`."""
        self._heard.append(sound)

    def on_digit(self, event: DigitEvent) -> None:
        """See `MediaListener`."""
        if isinstance(event, DigitHeard):
            self._put(KeyPressed(event.digit, self._clock.wall()))

    def on_media_lost(self, reason: str) -> None:
        """See `MediaListener`; the call is as good as over."""
        LOG.warning("the call is hung up: %s", reason)
        self._hang_up()

    # --- the end ---

    def on_end(self) -> None:
        """Take note that the call is over; a second time it does nothing."""
        self._is_over = True
        self._has_news.set()
        if self.media is not None:
            self.media.close()

    def _hang_up(self) -> None:
        if self.leg is not None:
            self.leg.hangup()

    def _put(self, arrived: Received) -> None:
        if not self._is_over:
            self._arrived.append(arrived)
            self._has_news.set()
