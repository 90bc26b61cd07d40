"""Brings packets into order and says where sound is missing, with no more delay than it takes.

A listening machine needs no even pace: a packet that is next is given out at once. Only two things
wait, each as long as this call's packets have shown to need: a packet whose forerunner is missing,
and silence of the line before it counts as silence. No clock, no sockets: times are arguments.
"""

from collections import deque
from typing import Literal

from msgspec import Struct

from vivavoce.transports.rtp.packets import RtpPacket

SHORTEST_WAIT_MS = 20.0
LONGEST_WAIT_MS = 200.0
SHORTEST_STALL_MS = 60.0
LONGEST_STALL_MS = 300.0
FILL_MS = 20.0
MAX_HELD = 50
MAX_DROPOUT = 3_000
"""A jump of the sequence beyond this is a new beginning (RFC 3550, appendix A.1)."""
MAX_MISORDER = 100
SWITCH_AFTER_S = 0.06
"""A source that was heard within this time is not given up for another one."""
LONE_PACKET_AFTER_S = 1.0
"""After this much silence a single packet is enough to be the new source."""
IMPLAUSIBLE_GAP_MS = 200.0
"""A gap longer than the time that went by, plus this, is a clock that was set anew."""
LONGEST_LOSS_MS = 1_000.0

_DECAY_MS = 0.02  # a packet: about 1 ms a second
_PEAK_DECAY = 0.998  # halves in 7 s


class Arrival(Struct, frozen=True):
    """A packet with what its payload type says of it."""

    packet: RtpPacket
    kind: Literal["sound", "noise", "event"]
    """`event` only keeps its place in the sequence: its time is not that of the sound."""
    clock_hz: int
    duration_ms: float
    """0 for all but sound."""


class Lost(Struct, frozen=True):
    """Sound that was sent and did not come."""

    ms: float
    following: Arrival


class Silence(Struct, frozen=True):
    """Nothing was sent, or nothing has come yet."""

    ms: float
    is_stall: bool
    """Whether there should have been sound."""


Piece = Arrival | Lost | Silence


class JitterBuffer:
    """Follows one incoming stream through loss, disorder, pauses and changes of its source."""

    def __init__(self) -> None:
        self.n_lost = 0
        """Packets given up."""
        self.n_late = 0
        """Of those, the ones that came after all."""
        self.n_duplicate = 0
        self._ssrc: int | None = None
        self._held: dict[int, tuple[Arrival, float]] = {}
        self._next_sequence = 0
        self._next_timestamp = 0
        self._clock_hz = 0
        self._duration_ms = FILL_MS
        self._filled_ms = 0.0
        self._edge_s = 0.0
        """When the last sound or silence given out was true."""
        self._released_s = 0.0
        self._pushed_s = 0.0
        self._is_quiet = False
        self._newcomers: list[tuple[Arrival, float]] = []
        self._ready: deque[Piece] = deque()
        self._given_up: dict[int, float] = {}
        self._wait_ms = SHORTEST_WAIT_MS
        self._lateness = _Lateness()

    @property
    def ssrc(self) -> int | None:
        """The source that is being heard; None: nothing came yet."""
        return self._ssrc

    @property
    def wait_ms(self) -> float:
        """How long a packet waits for its forerunner at present."""
        return self._wait_ms

    @property
    def stall_ms(self) -> float:
        """How long nothing may come before it counts as silence, at present."""
        needed = self._duration_ms + self._lateness.peak_ms + FILL_MS
        return min(LONGEST_STALL_MS, max(SHORTEST_STALL_MS, needed))

    def push(self, arrival: Arrival, now_s: float) -> None:
        """Take a packet as it comes from the line."""
        if self._ssrc is None:
            self._begin(arrival, now_s)
        elif arrival.packet.ssrc != self._ssrc:
            self._meet(arrival, now_s)
        else:
            self._sort(arrival, now_s)

    def take(self, now_s: float) -> list[Piece]:
        """Return what is due, in order; to be called after every packet and every 20 ms."""
        pieces: list[Piece] = []
        while self._ready or self._advance(now_s):
            pieces.append(self._ready.popleft())
        return pieces

    # --- sorting what comes in ------------------------------------------------------------------

    def _begin(self, arrival: Arrival, now_s: float) -> None:
        for sequence in sorted(self._held, key=self._distance):
            self._ready.append(self._held[sequence][0])
        packet = arrival.packet
        self._held = {packet.sequence: (arrival, now_s)}
        self._given_up = {}
        self._newcomers = []
        if self._ssrc is None:
            self._edge_s = self._released_s = now_s
        self._ssrc = packet.ssrc
        self._next_sequence = packet.sequence
        self._clock_hz = 0  # the first timestamp is compared with nothing
        self._pushed_s = now_s
        self._lateness = _Lateness()

    def _sort(self, arrival: Arrival, now_s: float) -> None:
        sequence = arrival.packet.sequence
        distance = self._distance(sequence)
        if not -MAX_MISORDER <= distance <= MAX_DROPOUT:
            self._meet(arrival, now_s)
            return
        self._pushed_s = now_s
        self._newcomers = []
        if sequence in self._given_up:
            self._came_late(self._given_up.pop(sequence), now_s)
        elif distance < 0 or sequence in self._held:
            self.n_duplicate += 1
        else:
            self._held[sequence] = (arrival, now_s)
            if arrival.kind == "sound":
                self._lateness.measure(arrival, now_s)

    def _meet(self, arrival: Arrival, now_s: float) -> None:
        """Take a packet of another source, or one out of all order: a second one confirms it."""
        packet = arrival.packet
        last = self._newcomers[-1][0].packet if self._newcomers else None
        follows = (
            last is not None
            and last.ssrc == packet.ssrc
            and last.sequence + 1 & 0xFFFF == packet.sequence
        )
        self._newcomers = [*(self._newcomers[-9:] if follows else []), (arrival, now_s)]
        quiet_s = now_s - self._pushed_s
        is_restart = packet.ssrc == self._ssrc
        is_confirmed = follows and (is_restart or quiet_s >= SWITCH_AFTER_S)
        if is_confirmed or quiet_s >= LONE_PACKET_AFTER_S:
            newcomers = self._newcomers
            self._begin(*newcomers[0])
            for newcomer, came_s in newcomers[1:]:
                self._sort(newcomer, came_s)

    def _came_late(self, given_up_s: float, now_s: float) -> None:
        self.n_late += 1
        lateness_ms = (now_s - given_up_s) * 1000
        self._wait_ms = min(LONGEST_WAIT_MS, self._wait_ms + 1.25 * lateness_ms)

    def _distance(self, sequence: int) -> int:
        return (sequence - self._next_sequence + 0x8000 & 0xFFFF) - 0x8000

    # --- giving out -----------------------------------------------------------------------------

    def _advance(self, now_s: float) -> bool:
        """Make the next piece ready, if one is due."""
        if self._ssrc is None:
            return False
        if not self._held:
            return self._fill(now_s)
        sequence = self._next_sequence
        if sequence not in self._held:
            sequence = min(self._held, key=self._distance)
        arrival, came_s = self._held[sequence]
        if sequence != self._next_sequence:
            waited_ms = (now_s - came_s) * 1000
            if waited_ms < self._wait_ms and len(self._held) < MAX_HELD:
                return False
            self._give_up(arrival, now_s)
        del self._held[sequence]
        self._next_sequence = sequence + 1 & 0xFFFF
        self._wait_ms = max(SHORTEST_WAIT_MS, self._wait_ms - _DECAY_MS)
        self._release(arrival, now_s)
        return True

    def _fill(self, now_s: float) -> bool:
        quiet_ms = (now_s - self._edge_s) * 1000
        if quiet_ms <= SHORTEST_STALL_MS or quiet_ms <= self.stall_ms:
            return False
        self._edge_s += FILL_MS / 1000
        self._filled_ms += FILL_MS
        self._ready.append(Silence(FILL_MS, is_stall=not self._is_quiet))
        return True

    def _give_up(self, first: Arrival, now_s: float) -> None:
        n_missing = self._distance(first.packet.sequence)
        self.n_lost += n_missing
        for n in range(min(n_missing, MAX_MISORDER)):
            self._given_up[first.packet.sequence - 1 - n & 0xFFFF] = now_s
        while len(self._given_up) > MAX_MISORDER:
            del self._given_up[next(iter(self._given_up))]
        if first.kind == "event":
            return  # its timestamp tells nothing: the next sound's will
        gap_ms = self._gap_ms(first, now_s)
        if gap_ms is None:
            gap_ms = n_missing * self._duration_ms
        lost_ms = min(LONGEST_LOSS_MS, gap_ms - self._filled_ms)
        if lost_ms > 0:
            self._ready.append(Lost(lost_ms, first))
            self._filled_ms += lost_ms

    def _release(self, arrival: Arrival, now_s: float) -> None:
        if arrival.kind != "event":
            gap_ms = self._gap_ms(arrival, now_s)
            if gap_ms is not None and gap_ms > self._filled_ms:
                self._ready.append(Silence(gap_ms - self._filled_ms, is_stall=False))
            self._filled_ms = 0.0
            self._clock_hz = arrival.clock_hz
            ticks = round(arrival.duration_ms * arrival.clock_hz / 1000)
            self._next_timestamp = arrival.packet.timestamp + ticks & 0xFFFFFFFF
            self._released_s = now_s
            self._edge_s = max(self._edge_s, now_s)
        self._is_quiet = arrival.kind != "sound"
        if arrival.kind == "sound":
            self._duration_ms = arrival.duration_ms
        self._ready.append(arrival)

    def _gap_ms(self, arrival: Arrival, now_s: float) -> float | None:
        """Return the time between the last sound and this one; None: the clocks tell nothing."""
        if arrival.clock_hz != self._clock_hz:
            return None
        ticks = arrival.packet.timestamp - self._next_timestamp & 0xFFFFFFFF
        gap_ms = ticks * 1000 / self._clock_hz
        went_by_ms = (now_s - self._released_s) * 1000
        return gap_ms if gap_ms <= went_by_ms + IMPLAUSIBLE_GAP_MS else None


class _Lateness:
    """How much later than the quickest packets come, at worst, of late."""

    def __init__(self) -> None:
        self.peak_ms = 0.0
        self._quickest_ms: float | None = None
        self._last: tuple[int, int] | None = None
        self._sent_ms = 0.0

    def measure(self, arrival: Arrival, now_s: float) -> None:
        timestamp, clock_hz = arrival.packet.timestamp, arrival.clock_hz
        if self._last is None or self._last[1] != clock_hz:
            self._quickest_ms = None
        else:
            ticks = (timestamp - self._last[0] + 0x80000000 & 0xFFFFFFFF) - 0x80000000
            self._sent_ms += ticks * 1000 / clock_hz
        self._last = (timestamp, clock_hz)
        transit_ms = now_s * 1000 - self._sent_ms
        if self._quickest_ms is None or abs(transit_ms - self._quickest_ms) > 5_000:
            self._quickest_ms = transit_ms
        # The quickest one is forgotten slowly: the clocks of both sides drift.
        self._quickest_ms = min(transit_ms, self._quickest_ms + 0.005)
        self.peak_ms = max(transit_ms - self._quickest_ms, self.peak_ms * _PEAK_DECAY)
