"""Which slot of the runtime (the cache of one conversation) serves whom.

A session keeps its slot while it can, so that its prompt is read once. One beyond the pool takes
the slot idle for longest. Answers outside a conversation share one slot of their own.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

_LOOK_S = 0.02


@dataclass(slots=True)
class Slot:
    """One cache, and what we believe is in it."""

    index: int
    """The runtime's `id_slot`."""
    tokens: list[int] = field(default_factory=list)
    session_id: str | None = None
    is_busy: bool = False
    last_used: int = 0


class SlotPool:
    """Lends slots to one piece of work at a time each. For threads."""

    def __init__(self, n_slots: int) -> None:
        self._changed = threading.Condition(threading.RLock())
        self._slots = [Slot(index) for index in range(n_slots)]
        self._out_of_band = Slot(n_slots)
        self._n_uses = 0

    def try_take(self, session_id: str | None, tokens: Sequence[int]) -> Slot | None:
        """Return a slot of the session, busy; None when there is none now."""
        with self._changed:
            slot = self._find(session_id, tokens)
            if slot is None or slot.is_busy:
                return None
            self._n_uses += 1
            slot.session_id = session_id
            slot.is_busy = True
            slot.last_used = self._n_uses
            return slot

    def wait(self) -> None:
        """Wait until a slot may have been given back, a few ms at most."""
        with self._changed:
            self._changed.wait(_LOOK_S)

    def give_back(self, slot: Slot) -> None:
        """End the use of a slot; what it holds stays for the next."""
        with self._changed:
            slot.is_busy = False
            self._changed.notify_all()

    def forget(self, session_id: str) -> None:
        """Let others have the session's slot, once it is idle."""
        with self._changed:
            for slot in self._slots:
                if slot.session_id == session_id:
                    slot.session_id = None

    def _find(self, session_id: str | None, tokens: Sequence[int]) -> Slot | None:
        if session_id is None:
            return self._out_of_band
        for slot in self._slots:
            if slot.session_id == session_id:
                return slot
        idle = [slot for slot in self._slots if not slot.is_busy]
        unowned = [slot for slot in idle if slot.session_id is None]
        if unowned:
            return max(unowned, key=lambda slot: common_length(slot.tokens, tokens))
        return min(idle, key=lambda slot: slot.last_used, default=None)


def common_length(one: Sequence[int], other: Sequence[int]) -> int:
    """Return how many tokens both begin with."""
    n_common = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        n_common += 1
    return n_common
