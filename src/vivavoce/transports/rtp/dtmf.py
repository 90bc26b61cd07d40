"""Keys pressed on a telephone, as named events: told apart from sound on the way in, and sent.

Source: RFC 4733, sections 2.3 and 2.5.
"""

from collections.abc import Iterator

from msgspec import Struct

KEYS = "0123456789*#ABCD"
"""The events 0 to 15; 16 (flash) and above are no keys."""
VOLUME_DBM0 = 10
"""Of what we send: -10 dBm0, as telephones do."""
TONE_MS = 100
N_ENDS = 3
"""How often the end of an event is sent, since nobody acknowledges it."""
_FORGOTTEN_AFTER_MS = 400
"""An event whose end packets were all lost is over when no packet of it came for so long."""


class DigitHeard(Struct, frozen=True, kw_only=True, tag=True):
    """A key was pressed; told when it goes down."""

    digit: str
    """One of `KEYS`."""
    volume_dbm0: int
    """0 to -63."""


class DigitEnded(Struct, frozen=True, kw_only=True, tag=True):
    """A key was let go."""

    digit: str
    duration_ms: int


DigitEvent = DigitHeard | DigitEnded


class DtmfReceiver:
    """Follows the telephone events of one call."""

    def __init__(self) -> None:
        self._key: tuple[int, int] | None = None
        """Source and timestamp of the event that was told last."""
        self._digit: str | None = None
        """What is being pressed."""
        self._duration = 0
        self._clock_hz = 8_000
        self._heard_at_s = 0.0

    def push(
        self, source: int, timestamp: int, payload: bytes, clock_hz: int, now_s: float
    ) -> list[DigitEvent]:
        """Take the payload of one packet; return what it tells that is new."""
        if len(payload) < 4:
            return []
        event, flags = payload[0], payload[1]
        duration = int.from_bytes(payload[2:4])
        if event >= len(KEYS):
            return []
        told: list[DigitEvent] = []
        if (source, timestamp) != self._key:
            if self._is_older(source, timestamp):
                return []
            told += self._end()
            self._key = (source, timestamp)
            self._digit = KEYS[event]
            self._duration = 0
            self._clock_hz = clock_hz
            told.append(DigitHeard(digit=KEYS[event], volume_dbm0=-(flags & 0x3F)))
        if self._digit is not None:
            self._duration = max(self._duration, duration)
            self._heard_at_s = now_s
            if flags & 0x80:
                told += self._end()
        return told

    def tick(self, now_s: float) -> list[DigitEvent]:
        """Return what is over without a word, since its last packets were lost."""
        if self._digit is None or (now_s - self._heard_at_s) * 1000 < _FORGOTTEN_AFTER_MS:
            return []
        return self._end()

    def _is_older(self, source: int, timestamp: int) -> bool:
        return (
            self._key is not None
            and self._key[0] == source
            and 0 < self._key[1] - timestamp & 0xFFFFFFFF < 1 << 24  # 5 minutes at 48 kHz
        )

    def _end(self) -> list[DigitEvent]:
        digit, self._digit = self._digit, None
        if digit is None:
            return []
        return [DigitEnded(digit=digit, duration_ms=self._duration * 1000 // self._clock_hz)]


class EventPacket(Struct, frozen=True):
    """What one packet of an event is to hold."""

    payload: bytes
    is_first: bool
    """Whether it carries the marker."""
    is_repeat: bool
    """Whether it is a further copy of the end: sent at once, it takes no time."""


def digit_packets(digit: str, clock_hz: int, frame_ms: int) -> Iterator[EventPacket]:
    """Yield the packets that press and let go one key; all have the timestamp of the first.

    Args:
        digit: one of `KEYS`.
        clock_hz: rate of the event's payload type.
        frame_ms: time between two packets.
    """
    event = KEYS.index(digit)
    n_frames = TONE_MS // frame_ms
    for n in range(1, n_frames + 1):
        payload = _payload(event, n * frame_ms * clock_hz // 1000, is_end=n == n_frames)
        yield EventPacket(payload, n == 1, False)
    for _ in range(N_ENDS - 1):
        yield EventPacket(payload, False, True)


def _payload(event: int, duration: int, *, is_end: bool) -> bytes:
    return bytes((event, is_end << 7 | VOLUME_DBM0)) + duration.to_bytes(2)
