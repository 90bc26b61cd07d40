"""Offers and answers about the sound of one call (RFC 3264): texts in and out, no sockets."""

import secrets
from collections.abc import Mapping

from msgspec import Struct

from vivavoce.transports.rtp.codecs import Codec, usable
from vivavoce.transports.rtp.offers import (
    Format,
    format_lines,
    incoming_types,
    outgoing_type,
    own_formats,
    packet_ms_of,
    read_formats,
)
from vivavoce.transports.rtp.receiver import IncomingType
from vivavoce.transports.rtp.refusal import MediaRefused
from vivavoce.transports.rtp.sdes import (
    OFFERED,
    SrtpKey,
    Suite,
    crypto_value,
    new_key,
    parse_crypto,
)
from vivavoce.transports.rtp.sdp_text import (
    Description,
    MediaDescription,
    is_address,
    parse_sdp,
)
from vivavoce.transports.rtp.security import Dtls, Plain, Sdes, Secured, Security, secure
from vivavoce.transports.rtp.sender import OutgoingType
from vivavoce.transports.rtp.settings import RtpSettings

PROTOCOLS = (
    "RTP/AVP",
    "RTP/AVPF",
    "RTP/SAVP",
    "RTP/SAVPF",
    "UDP/TLS/RTP/SAVP",
    "UDP/TLS/RTP/SAVPF",
)
NAME = "vivavoce"
PTIME_MS = 20
_REVERSED = {
    "sendrecv": "sendrecv",
    "sendonly": "recvonly",
    "recvonly": "sendonly",
    "inactive": "inactive",
}
NOWHERE = ("0.0.0.0", "::")


class LocalMedia(Struct, frozen=True, kw_only=True):
    """Where we take media, as the other side is to be told."""

    address: str
    rtp_port: int
    rtcp_port: int
    fingerprint: str
    """Of our certificate, such as `sha-256 AB:CD:...`."""


class MediaPlan(Struct, frozen=True, kw_only=True):
    """What both sides agreed on."""

    host: str
    """Where the other side takes media, until it is known better."""
    rtp_port: int
    rtcp_host: str
    rtcp_port: int
    is_muxed: bool
    """Whether RTCP goes the same way as RTP."""
    incoming: Mapping[int, IncomingType]
    outgoing: OutgoingType
    may_send: bool
    """False: the other side holds us, or we hold it."""
    may_receive: bool
    security: Security

    @property
    def is_nowhere(self) -> bool:
        """Whether no address was told: the old way of putting on hold."""
        return self.host in NOWHERE


class Negotiator:
    """Belongs to one call; remembers what later offers must agree with."""

    def __init__(self, local: LocalMedia, settings: RtpSettings) -> None:
        self.local = local
        self._settings = settings
        self._codecs: tuple[Codec, ...] = usable(settings.codecs)
        self._session_id = secrets.randbits(62)
        self._version = 0
        self._body = ""
        self._keys: dict[Suite, SrtpKey] = {}
        self._plan: MediaPlan | None = None
        self._offered: list[Format] | None = None
        self._offered_direction = "sendrecv"
        self._protocol = "RTP/AVP"
        self._offered_media: tuple[MediaDescription, ...] = ()

    def answer(self, offer_text: str, *, direction: str = "sendrecv") -> tuple[str, MediaPlan]:
        """Return our answer to an offer, first or later, and what it comes to.

        Args:
            offer_text: as it came.
            direction: what we want: `sendrecv`, `sendonly` (we hold), `recvonly` or `inactive`.

        Raises:
            MediaRefused: nothing in it can be used; what was agreed before still holds.
        """
        offer = parse_sdp(offer_text)
        place, media = _usable_audio(offer)
        formats = read_formats(media, self._codecs)
        packet_ms = packet_ms_of(offer.of(media, "ptime"), offer.of(media, "maxptime"))
        outgoing = outgoing_type(formats, packet_ms)
        if outgoing is None:
            raise MediaRefused(f"no codec in common: {', '.join(self._settings.codecs)} are known")
        previous = None if self._plan is None else self._plan.security
        self._check_family(_host(offer, media))
        secured = secure(
            offer, media, self._settings, self._key_of, self.local.fingerprint, previous
        )
        ours = _common(_REVERSED[offer.direction_of(media)], direction)
        is_muxed = media.first("rtcp-mux") is not None
        plan = _plan(offer, media, formats, outgoing, ours, is_muxed, secured.security)
        text = self._text(
            [
                self._audio(media, formats, packet_ms, ours, is_muxed, secured)
                if n == place
                else _declined(other)
                for n, other in enumerate(offer.media)
            ]
        )
        self._offered_media = offer.media
        self._protocol = media.protocol
        self._plan = plan
        self._offered = None
        return text, plan

    def offer(self, *, direction: str = "sendrecv") -> str:
        """Return an offer of ours, first or later.

        Args:
            direction: `sendonly` or `inactive` puts the other side on hold.
        """
        if self._plan is None:
            formats = own_formats(self._codecs)
        else:
            formats = _in_use(self._plan, self._codecs)
        lines, protocol = self._offered_security()
        media = MediaDescription(
            kind="audio",
            port=self.local.rtp_port,
            protocol=protocol,
            formats=(),
            address=None,
            attributes=(),
        )
        self._offered = formats
        self._offered_direction = direction
        secured = Secured(Plain(), lines)
        section = self._audio(media, formats, PTIME_MS, direction, True, secured)
        # Media that were declined before keep their place, declined.
        declined = [_declined(other) for other in self._offered_media if other.kind != "audio"]
        place = next((n for n, other in enumerate(self._offered_media) if other.kind == "audio"), 0)
        return self._text([*declined[:place], section, *declined[place:]])

    def accept(self, answer_text: str) -> MediaPlan:
        """Return what the answer to our offer comes to; a second one replaces the first.

        Raises:
            MediaRefused: it fits no offer of ours, or declines it (the call is to be ended).
        """
        if self._offered is None:
            raise MediaRefused("an answer to no offer", status=400)
        answer = parse_sdp(answer_text)
        _, media = _usable_audio(answer)
        offered = {format.name for format in self._offered}
        codecs = [codec for codec in self._codecs if codec.name in offered]
        formats = read_formats(media, codecs)
        packet_ms = packet_ms_of(answer.of(media, "ptime"), answer.of(media, "maxptime"))
        outgoing = outgoing_type(formats, packet_ms)
        if outgoing is None:
            raise MediaRefused("the answer names no codec that was offered")
        self._check_family(_host(answer, media))
        security = self._accepted_security(answer, media)
        ours = _common(_REVERSED[answer.direction_of(media)], self._offered_direction)
        is_muxed = media.first("rtcp-mux") is not None
        # Until the answer is known, and by sloppy peers later, our own numbers are used as well.
        both = [*self._offered, *formats]
        plan = _plan(answer, media, both, outgoing, ours, is_muxed, security)
        self._plan = plan
        self._protocol = media.protocol
        return plan

    def _check_family(self, host: str) -> None:
        if (":" in host) != (":" in self.local.address):
            raise MediaRefused(f"{host} can't be reached from {self.local.address}")

    # --- keys -----------------------------------------------------------------------------------

    def _key_of(self, suite: Suite) -> SrtpKey:
        return self._keys.setdefault(suite, new_key(suite))

    def _offered_security(self) -> tuple[tuple[str, ...], str]:
        if self._plan is not None:
            return self._kept_security(self._plan.security), self._protocol
        if self._settings.srtp == "off":
            return (), self._protocol
        lines = tuple(
            f"a=crypto:{crypto_value(str(tag), self._key_of(suite))}"
            for tag, suite in enumerate(OFFERED, 1)
        )
        return lines, "RTP/SAVP" if self._settings.srtp == "required" else self._protocol

    def _kept_security(self, security: Security) -> tuple[str, ...]:
        match security:
            case Plain():
                return ()
            case Sdes(local):
                return (f"a=crypto:{crypto_value('1', local)}",)
            case Dtls():
                # Whoever began the handshake stays it; an offer says this nevertheless (RFC 5763).
                return (f"a=fingerprint:{self.local.fingerprint}", "a=setup:actpass")

    def _accepted_security(self, answer: Description, media: MediaDescription) -> Security:
        previous = None if self._plan is None else self._plan.security
        fingerprints = tuple(answer.all_of(media, "fingerprint"))
        if isinstance(previous, Dtls) and fingerprints:
            return Dtls(fingerprints, previous.is_client)
        for value in media.all("crypto"):
            if (parsed := parse_crypto(value)) is not None and parsed[1].suite in self._keys:
                return Sdes(self._keys[parsed[1].suite], parsed[1])
        if self._settings.srtp == "required" or media.protocol.upper() not in PROTOCOLS[:2]:
            raise MediaRefused("the answer leaves out the key of encrypted media")
        return Plain()

    # --- texts ----------------------------------------------------------------------------------

    def _audio(
        self,
        media: MediaDescription,
        formats: list[Format],
        packet_ms: int,
        direction: str,
        is_muxed: bool,
        secured: Secured,
    ) -> list[str]:
        numbers = " ".join(str(format.payload_type) for format in formats)
        mid = media.first("mid")
        return [
            f"m=audio {self.local.rtp_port} {media.protocol} {numbers}",
            *([] if mid is None else [f"a=mid:{mid}"]),
            *format_lines(formats),
            f"a=ptime:{packet_ms}",
            "a=rtcp-mux" if is_muxed else f"a=rtcp:{self.local.rtcp_port}",
            *secured.lines,
            f"a={direction}",
        ]

    def _text(self, sections: list[list[str]]) -> str:
        body = "\r\n".join(line for section in sections for line in section)
        if body != self._body:
            self._body = body
            self._version += 1
        address = self.local.address
        family = "IP6" if ":" in address else "IP4"
        head = (
            "v=0",
            f"o={NAME} {self._session_id} {self._version} IN {family} {address}",
            f"s={NAME}",
            f"c=IN {family} {address}",
            "t=0 0",
        )
        return "\r\n".join((*head, body, ""))


def _usable_audio(description: Description) -> tuple[int, MediaDescription]:
    """Return the place and the description of the sound."""
    audio = [(n, media) for n, media in enumerate(description.media) if media.kind == "audio"]
    if not audio:
        raise MediaRefused("there is no audio in it")
    alive = [(n, media) for n, media in audio if media.port]
    if not alive:
        raise MediaRefused("its audio is declined")
    for place, media in alive:
        if media.protocol.upper() in PROTOCOLS:
            _host(description, media)
            return place, media
    raise MediaRefused(f"media over {alive[0][1].protocol[:40]} can't be used")


def _host(description: Description, media: MediaDescription) -> str:
    host = media.address or description.address
    if host is None:
        raise MediaRefused("it says no address", status=400)
    return host


def _plan(
    description: Description,
    media: MediaDescription,
    formats: list[Format],
    outgoing: OutgoingType,
    direction: str,
    is_muxed: bool,
    security: Security,
) -> MediaPlan:
    host = _host(description, media)
    rtcp_host, rtcp_port = _rtcp_of(media, host)
    return MediaPlan(
        host=host,
        rtp_port=media.port,
        rtcp_host=host if is_muxed else rtcp_host,
        rtcp_port=media.port if is_muxed else rtcp_port,
        is_muxed=is_muxed,
        incoming=incoming_types(formats),
        outgoing=outgoing,
        may_send=direction in ("sendrecv", "sendonly") and host not in NOWHERE,
        may_receive=direction in ("sendrecv", "recvonly"),
        security=security,
    )


def _rtcp_of(media: MediaDescription, host: str) -> tuple[str, int]:
    """Return where RTCP goes (RFC 3605); one port higher when nothing is said."""
    port, _, rest = (media.first("rtcp") or "").partition(" ")
    if port.isdecimal() and len(port) < 6 and 0 < int(port) < 65_536:
        words = rest.split()
        has_address = len(words) == 3 and is_address(words[2])
        return (words[2] if has_address else host), int(port)
    return host, min(media.port + 1, 65_535)


def _common(one: str, other: str) -> str:
    """Return the direction that both allow, seen from our side."""
    sends = all(direction in ("sendrecv", "sendonly") for direction in (one, other))
    receives = all(direction in ("sendrecv", "recvonly") for direction in (one, other))
    if sends:
        return "sendrecv" if receives else "sendonly"
    return "recvonly" if receives else "inactive"


def _declined(media: MediaDescription) -> list[str]:
    formats = " ".join(media.formats) or "0"
    return [f"m={media.kind} 0 {media.protocol} {formats}"]


def _in_use(plan: MediaPlan, codecs: tuple[Codec, ...]) -> list[Format]:
    """Return the formats of a running call with the numbers it uses for them."""
    formats: list[Format] = []
    for number, kind in plan.incoming.items():
        if kind.codec is None:
            formats.append(
                Format(number, "CN" if kind.is_noise else "telephone-event", kind.clock_hz, {})
            )
        elif kind.codec in codecs:
            formats.append(Format(number, kind.codec.name, kind.codec.clock_hz, {}))
    return formats
