"""Caches of prompt heads, kept in files: sessions set up alike read theirs only once.

Source: measured; 512 tokens of the 1.5B model are restored in 2 ms and read in 6 s.
"""

import hashlib
from array import array
from collections import OrderedDict
from collections.abc import Sequence
from typing import Protocol

from vivavoce.engines.language_models.llama_cpp.slots import Slot, common_length
from vivavoce.errors import EngineError

MIN_TOKENS = 64
"""Shorter heads are read as fast as a file is opened twice."""

MAX_BYTES = 256 << 20
"""All files together: some 15 heads of 600 tokens of the 1.5B model."""


class CacheFiles(Protocol):
    """What can put a slot's cache into a file and back; see `Runtime`."""

    def keep(self, slot: int, name: str) -> int:
        """Write the slot's cache to a file; return its size in bytes."""
        ...

    def restore(self, slot: int, name: str) -> None:
        """Fill the slot's cache from a file."""
        ...

    def drop(self, name: str) -> None:
        """Delete a file."""
        ...


class LastingFiles(Protocol):
    """Where the lasting head outlives the server; see `LastingFile`."""

    def bring(self, name: str) -> int:
        """Give the runtime the file of this name; return its size in bytes, 0 if there is none."""
        ...

    def take(self, name: str) -> None:
        """Keep the runtime's file of this name."""
        ...


class KeptHeads:
    """The files and what is in them; used by one thread at a time, but for `helps`."""

    def __init__(self, files: CacheFiles, lasting_files: LastingFiles | None = None) -> None:
        self._files = files
        self._lasting_files = lasting_files
        self._sizes: OrderedDict[str, int] = OrderedDict()
        self._tokens: dict[str, tuple[int, ...]] = {}
        self._lasting = ""

    def keep(self, slot: Slot, head: Sequence[int], *, lasts: bool = False) -> None:
        """Keep the cache of a slot that holds the head and nothing else.

        One head at most is kept for ever: the last one for which `lasts` was true.
        """
        name = _name(head)
        if lasts:
            self._lasting = name
        if len(head) < MIN_TOKENS or name in self._sizes:
            return
        self._note(name, head, self._files.keep(slot.index, name))
        if lasts and self._lasting_files is not None:
            self._lasting_files.take(name)
        while sum(self._sizes.values()) > MAX_BYTES and (oldest := self._oldest()):
            self._forget(oldest)

    def recall(self, head: Sequence[int]) -> None:
        """Keep the head for ever, if it was kept so when a server ran before this one."""
        name = _name(head)
        if self._lasting_files is not None and (size_bytes := self._lasting_files.bring(name)):
            self._lasting = name
            self._note(name, head, size_bytes)

    def keeps(self, head: Sequence[int]) -> bool:
        """Say whether there is a file of this very head."""
        return _name(head) in self._sizes

    def helps(self, slot: Slot, head: Sequence[int]) -> bool:
        """Say whether a kept head brings the slot further than what it holds."""
        return self._best(slot, head) is not None

    def restore(self, slot: Slot, head: Sequence[int]) -> None:
        """Fill the slot from the kept head that begins like this one for longest, if it helps.

        Sessions whose tools differ share the examples in front of them.
        """
        name = self._best(slot, head)
        if name is None:
            return
        self._sizes.move_to_end(name)
        slot.tokens = []
        try:
            self._files.restore(slot.index, name)
        except EngineError:  # the file is gone or broken; the head is read as if never kept
            self._forget(name)
        else:
            slot.tokens = list(self._tokens[name])

    def _best(self, slot: Slot, head: Sequence[int]) -> str | None:
        least = common_length(slot.tokens, head) + MIN_TOKENS
        lengths = {name: common_length(kept, head) for name, kept in self._tokens.copy().items()}
        name = max(lengths, key=lengths.__getitem__, default=None)
        return name if name is not None and lengths[name] >= least else None

    def _note(self, name: str, head: Sequence[int], size_bytes: int) -> None:
        self._tokens[name] = tuple(head)
        self._sizes[name] = size_bytes

    def _oldest(self) -> str | None:
        return next((name for name in self._sizes if name != self._lasting), None)

    def _forget(self, name: str) -> None:
        del self._sizes[name]
        del self._tokens[name]
        self._files.drop(name)


def _name(head: Sequence[int]) -> str:
    return hashlib.sha256(array("i", head).tobytes()).hexdigest() + ".head"
