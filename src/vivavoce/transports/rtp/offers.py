"""What a description says of codecs: read from the other side's, written into ours."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from vivavoce.transports.rtp.codecs import CODECS, Codec
from vivavoce.transports.rtp.receiver import IncomingType
from vivavoce.transports.rtp.sdp_text import MediaDescription
from vivavoce.transports.rtp.sender import OutgoingType

EVENT = "telephone-event"
NOISE = "CN"
EVENT_TYPES = {8_000: 101, 48_000: 102}
"""Payload types that our offers use for telephone events, by their clock."""
NOISE_TYPE = 13
OPUS_PARAMETERS = "useinbandfec=1;maxplaybackrate=24000;sprop-maxcapturerate=24000;stereo=0"
EVENT_PARAMETERS = "0-16"  # what the hosted service says
PACKET_MS = (10, 20, 40, 60)
_WITHOUT_RTPMAP = {"0": "PCMU/8000", "8": "PCMA/8000", "9": "G722/8000", "13": "CN/8000"}


class Format(Struct, frozen=True):
    """One payload type of an `m=` line that we understand."""

    payload_type: int
    name: str
    """A `CodecName`, or `EVENT`, or `NOISE`."""
    clock_hz: int
    parameters: Mapping[str, str]

    @property
    def codec(self) -> Codec | None:
        """None: it is none."""
        return next((codec for codec in CODECS.values() if codec.name == self.name), None)


def read_formats(media: MediaDescription, codecs: Iterable[Codec]) -> list[Format]:
    """Return what we understand, in the order of the line; events and noise only beside codecs."""
    maps = dict(_numbered(media.all("rtpmap")))
    parameters = dict(_numbered(media.all("fmtp")))
    known = {(codec.encoding.lower(), codec.clock_hz): codec.name for codec in codecs}
    formats: list[Format] = []
    for number in dict.fromkeys(media.formats):
        encoding, _, rate = maps.get(number, _WITHOUT_RTPMAP.get(number, "")).partition("/")
        clock = rate.partition("/")[0]
        if not number.isdecimal() or not clock.isdecimal() or len(number + clock) > 12:
            continue
        kind = (encoding.lower(), int(clock))
        if int(number) > 127 or int(clock) == 0:
            continue
        name: str | None = known.get(kind)
        if encoding.lower() == EVENT:
            name = EVENT
        elif kind == ("cn", 8_000):
            name = NOISE
        if name is not None:
            read = _parameters(parameters.get(number, ""))
            formats.append(Format(int(number), name, int(clock), read))
    clocks = {format.clock_hz for format in formats if format.codec is not None}
    # Events may have another clock than the sound: many say 8,000 only, beside Opus.
    return [format for format in formats if format.name != NOISE or format.clock_hz in clocks]


def own_formats(codecs: Iterable[Codec]) -> list[Format]:
    """Return what an offer of ours says."""
    formats = [Format(codec.payload_type, codec.name, codec.clock_hz, {}) for codec in codecs]
    clocks = sorted({format.clock_hz for format in formats})
    events = [Format(EVENT_TYPES[clock], EVENT, clock, {}) for clock in clocks]
    noise = [Format(NOISE_TYPE, NOISE, 8_000, {})] if 8_000 in clocks else []
    return formats + noise + events


def format_lines(formats: Iterable[Format]) -> list[str]:
    """Return the attributes that say what the payload types of ours mean."""
    lines: list[str] = []
    for format in formats:
        codec = format.codec
        encoding = format.name if codec is None else codec.encoding
        channels = "" if codec is None or codec.channels == 1 else f"/{codec.channels}"
        lines.append(f"a=rtpmap:{format.payload_type} {encoding}/{format.clock_hz}{channels}")
        if format.name == "opus":
            lines.append(f"a=fmtp:{format.payload_type} {OPUS_PARAMETERS}")
        if format.name == EVENT:
            lines.append(f"a=fmtp:{format.payload_type} {EVENT_PARAMETERS}")
    return lines


def incoming_types(formats: Iterable[Format]) -> dict[int, IncomingType]:
    """Return what may come by payload type."""
    return {
        format.payload_type: IncomingType(
            codec=format.codec, is_noise=format.name == NOISE, clock_hz=format.clock_hz
        )
        for format in formats
    }


def outgoing_type(formats: list[Format], packet_ms: int) -> OutgoingType | None:
    """Return how to speak to one that listed these: the first codec; None: there is none."""
    for format in formats:
        if (codec := format.codec) is not None:
            clock_hz = format.clock_hz
            others = [other for other in formats if other.name == EVENT]
            events = [event for event in others if event.clock_hz == clock_hz] or others
            return OutgoingType(
                codec=codec,
                payload_type=format.payload_type,
                parameters=format.parameters,
                packet_ms=packet_ms,
                event_type=events[0].payload_type if events else None,
                event_clock_hz=events[0].clock_hz if events else clock_hz,
            )
    return None


def packet_ms_of(ptime: str | None, maxptime: str | None) -> int:
    """Return the length of packets that the other side wishes, or the one nearest to it."""
    wished = _milliseconds(ptime, 20)
    longest = _milliseconds(maxptime, 60)
    return max((ms for ms in PACKET_MS if ms <= min(wished, longest)), default=PACKET_MS[0])


def _milliseconds(text: str | None, otherwise: int) -> int:
    whole = (text or "").partition(".")[0]
    return int(whole) if whole.isdecimal() and 0 < len(whole) < 5 else otherwise


def _numbered(values: Iterable[str]) -> Iterable[tuple[str, str]]:
    for value in values:
        number, _, rest = value.partition(" ")
        yield number, rest.strip()


def _parameters(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(";"))
    return {name.strip().lower(): value.strip() for name, sign, value in pairs if sign}
