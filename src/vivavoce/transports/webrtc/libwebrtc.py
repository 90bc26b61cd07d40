"""A `Peer` by libwebrtc, the engine of Chrome, through the `wrtc` package.

The sound does not go through its streams, which cost a future and two events for every 10 ms: the
native generator and processor below them are used directly, in one go every 20 ms. The version of
the package is pinned, and `tests/transports/webrtc` fails where these change.
"""

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np
import webrtc
import wrtc  # type: ignore[import-not-found]  # its stub is not marked as typed

from vivavoce.errors import ProtocolError, TransportClosed
from vivavoce.media.halving import FROM_HZ, Halver
from vivavoce.media.pcm import RATE_HZ
from vivavoce.media.resample import Resampler
from vivavoce.transports.webrtc.peer import FRAME_BYTES, PeerListener, PeerSettings
from vivavoce.transports.webrtc.sdp import check_offer, complete_answer

if TYPE_CHECKING:
    from webrtc.models.events import Event, MessageEvent, RTCDataChannelEvent, RTCTrackEvent

LOG = logging.getLogger(__name__)

GATHERING_S = 0.5
"""For candidates; what is there by then is what the answer has."""
CONNECT_S = 20.0
"""From the answer to the connection; clients themselves give up after 30 s."""
LAST_MESSAGES_S = 1.0
HEARD_FRAMES = 50
"""Of 10 ms, kept by the engine until `heard` is called, which is twice a frame."""
LOW_BYTES = 64 * 1024
"""The listener is told of room when less than this is unsent."""
MAX_MESSAGE_BYTES = 16 * 1024 * 1024
"""Of one message, where the peer names no limit."""
VOICE_BPS = 72_000
"""Of Opus. Up to 64,000 it codes speech in a way that costs twice as much of a core; how it repairs
losses is the same at either: docs/explanation/decisions/0008."""
SAMPLES_PER_FRAME = FRAME_BYTES // 2


async def open_peer(
    offer: str, listener: PeerListener, settings: PeerSettings
) -> tuple["LibwebrtcPeer", str]:
    """Answer an offer; return the peer, which is connecting, and the answer with all candidates.

    Args:
        offer: SDP, as a client sent it.
        listener: told what happens from now on.
        settings: of the server.

    Raises:
        ProtocolError: it is no offer that can be answered.
    """
    check_offer(offer)
    peer = LibwebrtcPeer(listener, settings)
    try:
        answer = await peer.answer(offer)
    except BaseException:
        peer.close()
        raise
    return peer, complete_answer(answer, settings.advertised_addresses)


class LibwebrtcPeer:
    """Made by `open_peer`."""

    def __init__(self, listener: PeerListener, settings: PeerSettings) -> None:
        self._listener: PeerListener | None = listener
        self._grace_s = settings.grace_s
        self._connection = webrtc.RTCPeerConnection(
            webrtc.RTCConfiguration(port_range=settings.port_range)
        )
        self._out: webrtc.MediaStreamTrackGenerator | None = None
        self._in: wrtc.MediaStreamTrackProcessor | None = None
        self._resampler: Resampler | Halver | None = None
        self._heard_hz = 0
        self._channel: webrtc.RTCDataChannel | None = None
        self._transport: webrtc.RTCDtlsTransport | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self.has_channel = False
        self.is_connected = False

    async def answer(self, offer: str) -> str:
        """Return the answer to an offer; once, and first of all.

        Raises:
            ProtocolError: the engine does not take the offer.
        """
        connection = self._connection
        connection.on("track", self._on_track)
        connection.on("datachannel", self._on_channel)
        connection.on("connectionstatechange", self._on_state)
        self._end_after(CONNECT_S, "was never connected")
        try:
            await connection.set_remote_description(
                webrtc.RTCSessionDescriptionInit(type=webrtc.RTCSdpType.offer, sdp=offer)
            )
            self._add_voice()
            await connection.set_local_description(await connection.create_answer())
            await self._set_bitrate()
        except (webrtc.PythonWebRTCExceptionBase, ValueError, TypeError) as error:
            reason = str(error).strip() or type(error).__name__
            raise ProtocolError(
                f"The offer cannot be answered: {reason}", code="invalid_offer", param="sdp"
            ) from None
        await self._gather()
        local = connection.local_description
        assert local is not None  # it was set
        self.has_channel = connection.sctp is not None
        self._watch_transport()
        return local.sdp

    # --- Peer ---

    @property
    def unsent_bytes(self) -> int:
        """See `Peer`."""
        return 0 if self._channel is None else self._channel.buffered_amount

    def play(self, frame: bytes) -> None:
        """See `Peer`."""
        if self._out is not None:
            self._out._generator.writeAudio(frame, RATE_HZ, 1, SAMPLES_PER_FRAME)

    def heard(self) -> bytes:
        """See `Peer`."""
        if self._in is None:
            return b""
        heard = b""
        while (frame := self._in.read()) is not None:
            data, _bits, rate_hz, n_channels, _n_samples, _timestamp = frame
            if rate_hz != self._heard_hz:
                heard = self._resampled(heard)
                self._heard_hz, self._resampler = rate_hz, _to_our_rate(rate_hz)
            heard += data if n_channels == 1 else _mixed(data, n_channels)
        return self._resampled(heard)

    def send(self, text: bytes) -> None:
        """See `Peer`."""
        if self._channel is None:
            raise TransportClosed
        try:
            self._channel.send(text.decode())
        except webrtc.PythonWebRTCExceptionBase as error:
            raise TransportClosed from error

    async def drain(self) -> None:
        """See `Peer`."""
        channel = self._channel
        if channel is None or channel.ready_state != webrtc.RTCDataChannelState.open:
            return
        closed = asyncio.Event()
        channel.on("close", lambda _: closed.set())
        channel.close()  # and what was sent before goes out first
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_MESSAGES_S):
                await closed.wait()

    def close(self) -> None:
        """See `Peer`."""
        self._listener = None
        if self._deadline is not None:
            self._deadline.cancel()
        if self._in is not None:
            self._in.cancel()
        if self._out is not None:
            self._out._generator.close()
        for target in (self._connection, self._channel, self._transport):
            if target is not None:
                target.remove_all_listeners()
        self._connection.close()
        self._in = self._out = self._channel = self._transport = None

    # --- what happens ---

    def _on_state(self, event: "Event") -> None:
        match self._connection.connection_state:
            case webrtc.RTCPeerConnectionState.connected:
                self.is_connected = True
                self._stay()
            case webrtc.RTCPeerConnectionState.disconnected:
                LOG.info("the network of a call is lost; it has %g s to come back", self._grace_s)
                self._end_after(self._grace_s, "lost its network")
            case webrtc.RTCPeerConnectionState.failed | webrtc.RTCPeerConnectionState.closed:
                self._end()
            case _:
                pass

    def _watch_transport(self) -> None:
        """Notice a peer that says goodbye without a channel to close."""
        transports = [sender.transport for sender in self._connection.get_senders()]
        if self._connection.sctp is not None:
            transports.append(self._connection.sctp.transport)
        self._transport = next((one for one in transports if one is not None), None)
        if self._transport is not None:
            self._transport.on("statechange", self._on_transport_state)

    def _on_transport_state(self, event: "Event") -> None:
        closed = webrtc.RTCDtlsTransportState.closed
        if self._transport is not None and self._transport.state == closed:
            self._end()

    def _on_track(self, event: "RTCTrackEvent") -> None:
        if event.track.kind == webrtc.MediaType.audio and self._in is None:
            self._in = wrtc.MediaStreamTrackProcessor(event.track._native_obj, HEARD_FRAMES)

    def _on_channel(self, event: "RTCDataChannelEvent") -> None:
        channel = event.channel
        if self._channel is not None:
            channel.close()  # there is one channel; a client that wants two is mistaken
            return
        self._channel = channel
        channel.buffered_amount_low_threshold = LOW_BYTES
        channel.on("open", self._on_open)
        channel.on("message", self._on_message)
        channel.on("bufferedamountlow", self._on_low)
        channel.on("close", lambda _: self._end())

    def _on_open(self, event: "Event") -> None:
        transport = self._connection.sctp
        if self._listener is not None and transport is not None:
            limit = transport.max_message_size or MAX_MESSAGE_BYTES
            self._listener.on_open(int(min(limit, MAX_MESSAGE_BYTES)))

    def _on_message(self, event: "MessageEvent") -> None:
        if self._listener is None:
            return
        if isinstance(event.data, str):
            self._listener.on_text(event.data.encode())
        else:
            self._listener.on_binary()

    def _on_low(self, event: "Event") -> None:
        if self._listener is not None:
            self._listener.on_room()

    # --- the end ---

    def _stay(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _end_after(self, seconds: float, why: str) -> None:
        self._stay()

        def end() -> None:
            LOG.info("a call %s", why)
            self._end()

        self._deadline = asyncio.get_running_loop().call_later(seconds, end)

    def _end(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.on_end()

    # --- sound ---

    def _add_voice(self) -> None:
        """Answer the first offered sound with a track of ours, and pictures not at all."""
        for transceiver in self._connection.get_transceivers():
            if transceiver.receiver.track.kind == webrtc.MediaType.video:
                transceiver.stop()
            elif self._out is None:
                self._out = webrtc.MediaStreamTrackGenerator(webrtc.MediaType.audio)
                # Without a stream, pages that play `event.streams[0]` would stay silent.
                self._connection.add_track(self._out, webrtc.MediaStream())

    async def _set_bitrate(self) -> None:
        for sender in self._connection.get_senders():
            if sender.track is not None:
                parameters = sender.get_parameters()
                for encoding in parameters.encodings:
                    encoding.max_bitrate = VOICE_BPS
                await sender.set_parameters(parameters)

    async def _gather(self) -> None:
        gathered = asyncio.Event()
        connection = self._connection
        complete = webrtc.RTCIceGatheringState.complete

        def look(event: "Event") -> None:
            if connection.ice_gathering_state == complete:
                gathered.set()

        connection.on("icegatheringstatechange", look)
        with suppress(TimeoutError):
            async with asyncio.timeout(GATHERING_S):
                while connection.ice_gathering_state != complete:
                    await gathered.wait()

    def _resampled(self, data: bytes) -> bytes:
        return self._resampler.push(data) if self._resampler is not None else data


def _to_our_rate(rate_hz: int) -> Resampler | Halver:
    return Halver() if rate_hz == FROM_HZ else Resampler(rate_hz, RATE_HZ)


def _mixed(data: bytes, n_channels: int) -> bytes:
    samples = np.frombuffer(data, "<i2").reshape(-1, n_channels)
    mixed: bytes = samples.mean(axis=1).astype("<i2").tobytes()
    return mixed
