"""What happens in a call, as its owner sees it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

EndReason = Literal[
    "cancelled",
    "unanswered",
    "rejected",
    "refused",
    "bye",
    "hangup",
    "unacknowledged",
    "session_expired",
    "unreachable",
    "server_closing",
]
"""How a call ended: the caller gave up; nobody accepted in time; we rejected it; the called side
refused ours; the far side hung up; we did; our answer was never acknowledged; the session timer ran
out or a refresh found nobody; the network failed; the server ends."""


@dataclass(frozen=True, slots=True)
class Ringing:
    """Outgoing: the far side works on it (100 is not shown)."""

    status: int


@dataclass(frozen=True, slots=True)
class EarlyMedia:
    """Outgoing: sound before the answer, described by the far side."""

    sdp: str


@dataclass(frozen=True, slots=True)
class Answered:
    """Outgoing: the call stands; `sdp` is the far side's answer."""

    sdp: str


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """Our answer has arrived. `sdp` is the far side's answer where we made the offer, else None."""

    sdp: str | None


class Reoffer:
    """The far side wants the session otherwise: hold, resume, a changed address.

    Call `answer` or `refuse` once; both do nothing when the far side has withdrawn.
    """

    def __init__(self, sdp: str | None, answer: Callable[[str | None, int], None]) -> None:
        self.sdp = sdp
        """The new offer; None: it asks us for one, and `Acknowledged` brings its answer."""
        self._answer: Callable[[str | None, int], None] | None = answer

    def answer(self, sdp: str) -> None:
        """Answer the offer (or, if there is none, offer)."""
        self._settle(sdp, 200)

    def refuse(self, status: int = 488) -> None:
        """The session stays as it was."""
        self._settle(None, status)

    def withdraw(self) -> None:
        """The question is void: the call has ended, or the far side took it back."""
        self._answer = None

    @property
    def is_open(self) -> bool:
        """Whether an answer is still wanted."""
        return self._answer is not None

    def _settle(self, sdp: str | None, status: int) -> None:
        answer, self._answer = self._answer, None
        if answer is not None:
            answer(sdp, status)


@dataclass(frozen=True, slots=True)
class Ended:
    """The last event of every call."""

    reason: EndReason
    status: int | None = None
    """SIP status that goes with it, if there is one."""


@dataclass(frozen=True, slots=True)
class ReferProgress:
    """How a transfer goes: first the answer to the REFER (202), then what the far side tells."""

    status: int
    """Of the far side's call to the target; 408 if it tells nothing more in time."""
    is_final: bool
    """No more will follow; 2xx: the transfer has succeeded."""


CallEvent = Ringing | EarlyMedia | Answered | Acknowledged | Reoffer | Ended
