"""The media of one call: sound out and in, keys pressed, over two UDP ports.

Signalling gives it the other side's descriptions and carries ours; a clock plays it 20 ms at a
time. All methods belong to the event loop, and none of them waits.
"""

import asyncio
import logging
import socket
from typing import Protocol

from msgspec import Struct

from vivavoce.clock import Clock
from vivavoce.errors import ConfigError
from vivavoce.transports.rtp.channel import SecureChannel
from vivavoce.transports.rtp.dtls import Certificate, new_certificate
from vivavoce.transports.rtp.dtmf import DigitEvent, DtmfReceiver
from vivavoce.transports.rtp.latch import Address, Latch
from vivavoce.transports.rtp.packets import RtpPacket, kind_of, parse_rtp
from vivavoce.transports.rtp.ports import PortPairs, address_towards
from vivavoce.transports.rtp.receiver import AudioReceiver
from vivavoce.transports.rtp.reports import Reports
from vivavoce.transports.rtp.sdp import NOWHERE, LocalMedia, MediaPlan, Negotiator
from vivavoce.transports.rtp.sdp_text import is_address
from vivavoce.transports.rtp.sender import AudioSender
from vivavoce.transports.rtp.settings import RtpSettings

LOG = logging.getLogger(__name__)


class MediaListener(Protocol):
    """Whoever the call's sound is for; called from the event loop, must not wait or raise."""

    def on_heard(self, sound: bytes) -> None:
        """Take the next 20 ms of what the other side says: 960 bytes of 24 kHz 16-bit mono."""
        ...

    def on_digit(self, event: DigitEvent) -> None:
        """Take note of a key that was pressed, or let go."""
        ...

    def on_media_lost(self, reason: str) -> None:
        """Take note that nothing comes any more; told once, until something comes again."""
        ...


class RtpStatistics(Struct, frozen=True, kw_only=True):
    """How a call's media fares."""

    codec: str | None
    """What we send; None: nothing is agreed on yet."""
    is_encrypted: bool
    remote: str | None
    """Address and port that we send to."""
    n_sent: int
    """Packets."""
    n_received: int
    n_lost: int
    """That never came; negative when some came twice."""
    n_late: int
    """That came after they had been given up."""
    n_refused: int
    """From addresses that were not believed."""
    jitter_ms: float
    concealed_ms: float
    """Sound that was invented in place of lost one."""
    dropped_ms: float
    """Sound that came faster than time goes by."""
    round_trip_ms: float | None
    """None: the other side doesn't report."""
    peer_loss: float | None
    """Share of our packets that the other side missed of late."""
    has_left: bool
    """Whether the other side's last word was a goodbye (RTCP)."""


class RtpEndpoint:
    """One for the process: opens the media of calls."""

    def __init__(self, settings: RtpSettings, clock: Clock) -> None:
        """Check the settings; nothing is opened yet.

        Raises:
            ConfigError: there are no ports between the first and the last, or the advertised
                address is none.
        """
        advertised = settings.advertised_address
        if advertised is not None and not is_address(advertised):
            raise ConfigError(f"not an IP address: {advertised}", path="rtp.advertised_address")
        self._settings = settings
        self._clock = clock
        self._ports = PortPairs(settings)
        self._certificate = new_certificate()

    async def open(self, listener: MediaListener, towards: str) -> "RtpSession":
        """Open two ports for a call; whoever asks must close it.

        Args:
            listener: whom the sound is for.
            towards: IP address of the other side's signalling, to find the one of ours that leads
                there, unless the settings name one.

        Raises:
            EngineError: no port is free.
        """
        settings = self._settings
        host = settings.host
        if host in NOWHERE:  # all addresses of the family that leads there
            host = "::" if ":" in towards else "0.0.0.0"
        rtp, rtcp = self._ports.open(host)
        advertised = settings.advertised_address
        if advertised is None:
            advertised = address_towards(towards, host) if host in NOWHERE else host
        local = LocalMedia(
            address=advertised,
            rtp_port=rtp.getsockname()[1],
            rtcp_port=rtcp.getsockname()[1],
            fingerprint=self._certificate.fingerprint,
        )
        session = RtpSession(
            listener, Negotiator(local, settings), settings, self._clock, self._certificate
        )
        await session.connect(rtp, rtcp)
        return session


class RtpSession:
    """The media of one call; made by `RtpEndpoint.open`."""

    def __init__(
        self,
        listener: MediaListener,
        negotiator: Negotiator,
        settings: RtpSettings,
        clock: Clock,
        certificate: Certificate,
    ) -> None:
        self._listener = listener
        self._negotiator = negotiator
        self._settings = settings
        self._clock = clock
        self._plan: MediaPlan | None = None
        self._sender = AudioSender()
        self._receiver = AudioReceiver(listener.on_heard)
        self._reports = Reports(self._sender, clock)
        self._digits = DtmfReceiver()
        self._latch = Latch()
        self._channel = SecureChannel(certificate, self._send)
        self._rtp: asyncio.DatagramTransport | None = None
        self._rtcp: asyncio.DatagramTransport | None = None
        self._told: Address | None = None
        """What the other side said of itself last; where it is, the latch knows."""
        self._told_rtcp: Address | None = None
        self._rtcp_address: Address | None = None
        self._heard_s = 0.0
        self._is_lost = False

    async def connect(self, rtp: socket.socket, rtcp: socket.socket) -> None:
        """Take over two bound sockets."""
        loop = asyncio.get_running_loop()
        self._rtp, _ = await loop.create_datagram_endpoint(
            lambda: _Receiving(self._on_datagram), sock=rtp
        )
        self._rtcp, _ = await loop.create_datagram_endpoint(
            lambda: _Receiving(self._on_rtcp), sock=rtcp
        )

    # --- signalling -----------------------------------------------------------------------------

    @property
    def plan(self) -> MediaPlan | None:
        """What both sides agreed on; None: nothing yet."""
        return self._plan

    @property
    def local(self) -> LocalMedia:
        """Where we take media."""
        return self._negotiator.local

    def answer(self, offer: str, *, direction: str = "sendrecv") -> str:
        """Return the answer to an offer, first or later, and act by it from now on.

        Raises:
            MediaRefused: it can't be used; everything stays as it was.
        """
        text, plan = self._negotiator.answer(offer, direction=direction)
        self._act_by(plan)
        return text

    def offer(self, *, direction: str = "sendrecv") -> str:
        """Return an offer, first or later (`sendonly` or `inactive`: hold the other side).

        First offers name keys in the signalling (SDES), not a DTLS handshake.
        """
        return self._negotiator.offer(direction=direction)

    def accept(self, answer: str) -> None:
        """Act by the answer to our offer from now on.

        Raises:
            MediaRefused: it can't be used; everything stays as it was.
        """
        self._act_by(self._negotiator.accept(answer))

    # --- media ----------------------------------------------------------------------------------

    @property
    def is_playing(self) -> bool:
        """Whether a frame that is played now is heard: not on hold, and no key is being sent."""
        return (
            self._plan is not None
            and self._plan.may_send
            and self._channel.is_ready
            and not self._sender.is_sending_digits
        )

    def hear(self) -> None:
        """Let the listener hear what is due, which time alone tells; to be called every 20 ms."""
        now_s = self._clock.now()
        self._receiver.advance(now_s)
        for event in self._digits.tick(now_s):
            self._listener.on_digit(event)

    def play(self, frame: bytes) -> None:
        """Send the next 20 ms: 960 bytes of 24 kHz 16-bit mono; to be called every 20 ms.

        With nothing to say it is silence; without `is_playing` it is lost.
        """
        now_s = self._clock.now()
        self._channel.tick()
        plan, target = self._plan, self._latch.target
        if plan is None or target is None:
            return
        if self._channel.is_ready:
            if plan.may_send:
                for packet in self._sender.tick(frame):
                    self._send(self._channel.protect(packet), target)
            else:
                self._sender.skip()
            if (report := self._reports.due(now_s)) is not None:
                self._send_rtcp(report)
        self._watch(plan, now_s)

    def press(self, digits: str) -> None:
        """Press these keys, one after the other, 100 ms each; sound pauses for them.

        Raises:
            ValueError: one is no key, or the other side takes none.
        """
        self._sender.press(digits)

    def statistics(self) -> RtpStatistics:
        """Return how the media fares."""
        plan, target, reports = self._plan, self._latch.target, self._reports
        return RtpStatistics(
            codec=None if plan is None else plan.outgoing.codec.name,
            is_encrypted=plan is not None and self._channel.is_encrypted,
            remote=None if target is None else f"{target[0]}:{target[1]}",
            n_sent=self._sender.n_packets,
            n_received=reports.reception.n_packets,
            n_lost=reports.reception.n_lost,
            n_late=self._receiver.buffer.n_late,
            n_refused=self._latch.n_refused,
            jitter_ms=reports.reception.jitter_ms,
            concealed_ms=self._receiver.concealed_ms,
            dropped_ms=self._receiver.dropped_ms,
            round_trip_ms=reports.round_trip_ms,
            peer_loss=reports.peer_loss,
            has_left=reports.has_left,
        )

    def close(self) -> None:
        """Say goodbye and give the ports back; a second time it does nothing."""
        if self._rtp is None or self._rtcp is None:
            return
        if self._plan is not None and self._channel.is_ready:
            self._send_rtcp(self._reports.goodbye())
        self._rtp.close()
        self._rtcp.close()
        self._rtp = self._rtcp = None

    def _act_by(self, plan: MediaPlan) -> None:
        before, self._plan = self._plan, plan
        address = (plan.host, plan.rtp_port)
        if not plan.is_nowhere:
            if address != self._told:
                self._told = address
                self._latch.announce(address)
            rtcp_address = (plan.rtcp_host, plan.rtcp_port)
            if rtcp_address != self._told_rtcp:
                self._told_rtcp = self._rtcp_address = rtcp_address
        if plan.may_send and (before is None or not before.may_send):
            self._sender.resume()
        was_talking = before is not None and before.may_receive and before.may_send
        if not was_talking:
            self._heard_s = self._clock.now()
        self._receiver.set_types(plan.incoming)
        self._sender.set_type(plan.outgoing)
        self._channel.secure(plan.security, address)

    def _watch(self, plan: MediaPlan, now_s: float) -> None:
        # One that holds us may send music, or nothing: both are well.
        if self._is_lost or not (plan.may_receive and plan.may_send):
            return
        if self._channel.failure is not None:
            self._lose(self._channel.failure)
        elif now_s - self._heard_s > self._settings.silence_timeout_s:
            self._lose("no media came")

    def _lose(self, reason: str) -> None:
        self._is_lost = True
        self._listener.on_media_lost(reason)

    # --- datagrams ------------------------------------------------------------------------------

    def _on_datagram(self, data: bytes, source: Address) -> None:
        match kind_of(data):
            case "rtp":
                self._on_rtp(data, source)
            case "rtcp":
                self._on_rtcp(data, source)
            case "dtls":
                self._channel.shake_hands(data, source)
            case "other":
                pass  # probes of routers, and noise

    def _on_rtp(self, data: bytes, source: Address) -> None:
        plan = self._plan
        if plan is None:
            return
        clear = self._channel.unprotect(data)
        packet = None if clear is None else parse_rtp(clear)
        if packet is None or packet.payload_type not in plan.incoming:
            return
        now_s = self._clock.now()
        is_authentic = self._channel.is_encrypted
        for admitted in self._latch.admit(packet, source, now_s, is_authentic=is_authentic):
            self._hear(admitted, plan, now_s)

    def _hear(self, packet: RtpPacket, plan: MediaPlan, now_s: float) -> None:
        kind = plan.incoming[packet.payload_type]
        self._heard_s = now_s
        self._is_lost = False
        is_event = kind.codec is None and not kind.is_noise
        self._reports.count(packet, None if is_event else kind.clock_hz, now_s)
        if not plan.may_receive:
            return
        if is_event:
            for event in self._digits.push(
                packet.ssrc, packet.timestamp, packet.payload, kind.clock_hz, now_s
            ):
                self._listener.on_digit(event)
        self._receiver.push(packet, now_s)

    def _on_rtcp(self, data: bytes, source: Address) -> None:
        plan, target = self._plan, self._latch.target
        if plan is None or target is None or kind_of(data) != "rtcp":
            return
        if not self._channel.is_encrypted and source[0] not in (target[0], plan.rtcp_host):
            return
        clear = self._channel.unprotect_rtcp(data)
        if clear is None:
            return
        if not plan.is_muxed:
            self._rtcp_address = source
        self._reports.read(clear, self._clock.now())

    def _send_rtcp(self, data: bytes) -> None:
        plan = self._plan
        assert plan is not None
        protected = self._channel.protect_rtcp(data)
        if plan.is_muxed:
            target = self._latch.target
            if target is not None:
                self._send(protected, target)
        elif self._rtcp is not None and self._rtcp_address is not None:
            self._rtcp.sendto(protected, self._rtcp_address)

    def _send(self, data: bytes, address: Address) -> None:
        if self._rtp is not None:
            self._rtp.sendto(data, address)


class _Receiving(asyncio.DatagramProtocol):
    """What asyncio calls for one socket."""

    def __init__(self, take: "_Take") -> None:
        self._take = take

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._take(data, (addr[0], addr[1]))

    def error_received(self, exc: Exception) -> None:
        LOG.debug("media: %s", exc)  # nobody listens there yet, or any more


class _Take(Protocol):
    def __call__(self, data: bytes, source: Address, /) -> None: ...
