"""Where the other side really is: what it said, or where its packets come from (symmetric RTP).

Behind a router that rewrites addresses, what a caller says of itself is wrong. But whoever guesses
a port must not take the call over: without encryption another address is believed only after some
packets in a row, and only while nothing comes from the one that was right until then.
"""

from vivavoce.transports.rtp.packets import RtpPacket

Address = tuple[str, int]
N_IN_A_ROW = 4
QUIET_S = 0.2


class Latch:
    """Belongs to one call; follows the address of the other side's RTP."""

    def __init__(self) -> None:
        self.n_refused = 0
        """Packets of strangers."""
        self._target: Address | None = None
        self._heard_s: float | None = None
        self._stranger: Address | None = None
        self._waiting: list[RtpPacket] = []

    @property
    def target(self) -> Address | None:
        """Where to send to; None: the other side said nothing yet."""
        return self._target

    def announce(self, address: Address) -> None:
        """Take note of what the other side says of itself, when it says something new."""
        self._target = address
        self._heard_s = None
        self._forget()

    def admit(
        self, packet: RtpPacket, source: Address, now_s: float, *, is_authentic: bool
    ) -> list[RtpPacket]:
        """Return the packets to believe: this one, none, or those that waited together with it."""
        if source == self._target or is_authentic:
            self._target = source
            self._heard_s = now_s
            self._forget()
            return [packet]
        self.n_refused += 1
        if not self._follows(packet, source):
            self._stranger = source
            self._waiting = []
        self._waiting = [*self._waiting[1 - 2 * N_IN_A_ROW :], packet]
        is_quiet = self._heard_s is None or now_s - self._heard_s >= QUIET_S
        if not is_quiet or len(self._waiting) < N_IN_A_ROW:
            return []
        admitted = self._waiting
        self.n_refused -= len(admitted)
        self._target = source
        self._heard_s = now_s
        self._forget()
        return admitted

    def _follows(self, packet: RtpPacket, source: Address) -> bool:
        if source != self._stranger or not self._waiting:
            return False
        last = self._waiting[-1]
        return last.ssrc == packet.ssrc and last.sequence + 1 & 0xFFFF == packet.sequence

    def _forget(self) -> None:
        self._stranger = None
        self._waiting = []
