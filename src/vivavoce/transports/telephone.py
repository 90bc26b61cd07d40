"""One telephone call as a session sees it: SIP signalling and RTP sound, joined.

There is no channel for events: control connections (sidebands) take and send them.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from vivavoce.clock import Clock
from vivavoce.interfaces import KeyPressed, Received, TrackSound
from vivavoce.media.pcm import silence
from vivavoce.protocol.client_events import ClientEvent
from vivavoce.protocol.server_events import ServerEvent
from vivavoce.transports.rtp.dtmf import DigitEvent, DigitHeard
from vivavoce.transports.rtp.session import RtpSession
from vivavoce.transports.sip.events import CallEvent, ReferProgress

LOG = logging.getLogger(__name__)

MAX_WAITING_SOUND = 100
"""Pieces of 20 ms: sound that is older than 2 s interrupts nobody any more."""
SILENT_FRAME = silence(20).data


class NextFrame(Protocol):
    """Gives the next 20 ms of sound."""

    def __call__(self) -> bytes:
        """Return 24 kHz 16-bit mono."""
        ...


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
    """A `Transport`, and the listener of its media. `leg` and `media` are set before its use."""

    def __init__(self, clock: Clock) -> None:
        self.leg: Leg | None = None
        self.media: RtpSession | None = None
        self.first: Sequence[ClientEvent] = ()
        """What the session is told before anything else, as if a client had sent it."""
        self._clock = clock
        self._arrived: deque[Received] = deque()
        self._heard: list[bytes] = []
        self._n_waiting_sound = 0
        self._has_dropped_sound = False
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
        arrived = self._arrived.popleft()
        if isinstance(arrived, TrackSound):
            self._n_waiting_sound -= 1
        return arrived

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

    # --- sound, every 20 ms ---

    def exchange(self, next_frame: NextFrame) -> None:
        """Let the caller hear the next 20 ms, and take in what it said since.

        While nobody would hear it (the caller holds the call, say), no frame is taken: what is
        being said goes on where it was.

        Args:
            next_frame: gives the sound to be played.
        """
        media = self.media
        if media is None or self._is_over:
            return
        played = next_frame() if media.is_playing else SILENT_FRAME
        media.play(played)
        heard, self._heard = b"".join(self._heard), []
        if not heard:
            return
        if self._n_waiting_sound >= MAX_WAITING_SOUND:
            self._note_dropped_sound()
            return
        self._n_waiting_sound += 1
        self._put(TrackSound(heard, played))

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

    def _note_dropped_sound(self) -> None:
        if not self._has_dropped_sound:
            self._has_dropped_sound = True
            LOG.warning("the session is behind its caller: sound is dropped")
