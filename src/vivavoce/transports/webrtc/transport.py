"""One call: events over its data channel, sound beside them (10-transports-auth, section 5)."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence

from vivavoce.errors import ProtocolError, TransportClosed
from vivavoce.ids import NewId
from vivavoce.interfaces import MalformedEvent, NextFrame, Received, TrackSound
from vivavoce.protocol.client_events import ClientEvent, TranslationClientEvent
from vivavoce.protocol.server_events import ServerEvent
from vivavoce.transports.webrtc.fitting import fitting_events
from vivavoce.transports.webrtc.peer import FRAME_BYTES, Peer

LOG = logging.getLogger(__name__)

MAX_WAITING_TEXT_BYTES = 24 * 1024 * 1024
"""As one frame of a WebSocket may have. Data channels put no pressure on who sends too much."""
MAX_UNTOLD_BYTES = 10 * FRAME_BYTES
"""Played while nothing was heard: beyond 200 ms, the microphone is off."""
MAX_EARLY_EVENTS = 10_000
"""Sent before the client's channel is open, which takes 20 s at most."""
WRITE_AHEAD_BYTES = 256 * 1024
"""Sent before it is looked whether the client keeps up."""

Decode = Callable[[bytes], ClientEvent | TranslationClientEvent]
Encode = Callable[[ServerEvent], Sequence[bytes]]


class WebRtcTransport:
    """A `CallTransport`, and the listener of its peer. `peer` must be set before it is used."""

    def __init__(self, decode: Decode, encode: Encode, new_id: NewId) -> None:
        """Wait for a peer.

        Args:
            decode: reads what the client sends.
            encode: writes what it gets.
            new_id: for events that tell of what did not fit.
        """
        self.peer: Peer | None = None
        self._decode = decode
        self._encode = encode
        self._new_id = new_id
        self._arrived: deque[bytes | MalformedEvent] = deque()
        self._waiting_text_bytes = 0
        self._played_untold = b""
        self._has_news = asyncio.Event()
        self._early: list[ServerEvent] | None = []
        """What was sent before the channel was open; None: it is."""
        self._has_room = asyncio.Event()
        self._is_over = False
        self._max_message_bytes = 0

    # --- Transport ---

    async def receive(self) -> Received | None:
        """See `Transport`; None also when the network is lost for good: nobody comes back."""
        while not self._arrived:
            if self._is_over:
                return None
            self._has_news.clear()
            await self._has_news.wait()
        arrived = self._arrived.popleft()
        if isinstance(arrived, MalformedEvent):
            return arrived
        self._waiting_text_bytes -= len(arrived)
        try:
            return self._decode(arrived)
        except ProtocolError as error:
            return MalformedEvent(error.message, error.code, error.param, error.event_id)

    async def send(self, event: ServerEvent) -> None:
        """See `Transport`. Kept until the channel opens; in a call without one, it goes nowhere."""
        peer = self.peer
        if self._is_over or peer is None:
            raise TransportClosed
        if not peer.has_channel:
            return
        if self._early is not None:
            self._keep(self._early, event)
            return
        self._send_now(peer, event)
        while peer.unsent_bytes > WRITE_AHEAD_BYTES:
            self._has_room.clear()
            await self._has_room.wait()
            if self._is_over:
                raise TransportClosed

    async def close(self, code: int, reason: str) -> None:
        """See `Transport`; a data channel knows neither code nor reason."""
        peer, self.peer = self.peer, None
        if peer is not None:
            if not self._is_over:
                await peer.drain()
            peer.close()
        self.on_end()

    @property
    def unsent_bytes(self) -> int:
        """See `Transport`."""
        return 0 if self.peer is None else self.peer.unsent_bytes

    # --- CallTransport ---

    def hear(self) -> TrackSound | None:
        """See `CallTransport`."""
        if self.peer is None or self._is_over or not (heard := self.peer.heard()):
            return None
        played, self._played_untold = self._played_untold, b""
        return TrackSound(heard, played)

    def play(self, next_frame: NextFrame) -> None:
        """See `CallTransport`."""
        if self.peer is None or self._is_over or not self.peer.is_connected:
            return
        frame = next_frame()
        self.peer.play(frame)
        # Whatever is played is told, so that its echo is found where it belongs.
        self._played_untold = (self._played_untold + frame)[-MAX_UNTOLD_BYTES:]

    # --- PeerListener ---

    def on_open(self, max_message_bytes: int) -> None:
        """See `PeerListener`."""
        self._max_message_bytes = max_message_bytes
        early, self._early = self._early, None
        try:
            for event in early or ():
                if self.peer is not None:
                    self._send_now(self.peer, event)
        except TransportClosed:
            self.on_end()

    def on_text(self, text: bytes) -> None:
        """See `PeerListener`. A client that floods the session is let go."""
        self._waiting_text_bytes += len(text)
        if self._waiting_text_bytes > MAX_WAITING_TEXT_BYTES:
            LOG.warning("the client sends more than is taken")
            self.on_end()
            return
        self._put(text)

    def on_binary(self) -> None:
        """See `PeerListener`."""
        message = "Events are sent as text, this was a binary message."
        self._put(MalformedEvent(message, "invalid_event", None))

    def on_room(self) -> None:
        """See `PeerListener`."""
        self._has_room.set()

    def on_end(self) -> None:
        """See `PeerListener`."""
        self._is_over = True
        self._has_room.set()
        self._has_news.set()

    def _keep(self, early: list[ServerEvent], event: ServerEvent) -> None:
        if len(early) >= MAX_EARLY_EVENTS:
            raise TransportClosed("nobody came, and much was said")
        early.append(event)

    def _send_now(self, peer: Peer, event: ServerEvent) -> None:
        for text in fitting_events(event, self._max_message_bytes, self._encode, self._new_id):
            peer.send(text)

    def _put(self, arrived: bytes | MalformedEvent) -> None:
        self._arrived.append(arrived)
        self._has_news.set()
