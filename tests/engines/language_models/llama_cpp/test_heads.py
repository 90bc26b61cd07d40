from vivavoce.engines.language_models.llama_cpp.heads import MAX_BYTES, MIN_TOKENS, KeptHeads
from vivavoce.engines.language_models.llama_cpp.slots import Slot
from vivavoce.errors import EngineError

HEAD = list(range(MIN_TOKENS * 2))


class Files:
    """A runtime of which only the files are wanted."""

    def __init__(self, size_bytes: int = 100) -> None:
        self.names: list[str] = []
        self.restored: list[int] = []
        self._size_bytes = size_bytes

    def keep(self, slot: int, name: str) -> int:
        self.names.append(name)
        return self._size_bytes

    def restore(self, slot: int, name: str) -> None:
        if name not in self.names:
            raise EngineError("no such file")
        self.restored.append(slot)

    def drop(self, name: str) -> None:
        if name in self.names:
            self.names.remove(name)


def test_a_kept_head_is_restored_into_another_slot() -> None:
    files = Files()
    heads, other = KeptHeads(files), Slot(1, [7, 8])
    heads.keep(Slot(0, HEAD), HEAD)

    heads.restore(other, HEAD)

    assert files.restored == [1]
    assert other.tokens == HEAD


def test_a_slot_that_holds_the_head_is_left_alone() -> None:
    files = Files()
    heads = KeptHeads(files)
    heads.keep(Slot(0, HEAD), HEAD)

    heads.restore(Slot(1, [*HEAD, 5, 6]), HEAD)

    assert files.restored == []


def test_a_head_that_begins_like_a_kept_one_is_read_from_there_on() -> None:
    files = Files()
    heads, slot = KeptHeads(files), Slot(1)
    heads.keep(Slot(0, HEAD), HEAD)

    heads.restore(slot, [*HEAD[: MIN_TOKENS + 5], 7, 7, 7])

    assert slot.tokens == HEAD


def test_a_kept_head_that_brings_little_is_left_alone() -> None:
    files = Files()
    heads, slot = KeptHeads(files), Slot(1, HEAD[:MIN_TOKENS])
    heads.keep(Slot(0, HEAD), HEAD)

    heads.restore(slot, [*HEAD[: MIN_TOKENS + 5], 7, 7, 7])

    assert files.restored == []


def test_a_short_head_is_not_kept() -> None:
    files = Files()

    KeptHeads(files).keep(Slot(0), HEAD[: MIN_TOKENS - 1])

    assert files.names == []


def test_a_head_whose_file_is_gone_is_as_if_never_kept() -> None:
    files = Files()
    heads, slot = KeptHeads(files), Slot(1)
    heads.keep(Slot(0), HEAD)
    files.names.clear()

    heads.restore(slot, HEAD)

    assert slot.tokens == []
    assert not heads.helps(slot, HEAD)


def test_the_head_used_longest_ago_makes_room() -> None:
    files = Files(size_bytes=MAX_BYTES // 2)
    heads = KeptHeads(files)
    first, second, third = HEAD, HEAD[::-1], [token + 1000 for token in HEAD]
    heads.keep(Slot(0), first)
    heads.keep(Slot(0), second)
    heads.restore(Slot(1), first)

    heads.keep(Slot(0), third)

    assert [heads.helps(Slot(2), head) for head in (first, second, third)] == [True, False, True]


def test_the_head_that_lasts_never_makes_room() -> None:
    heads = KeptHeads(Files(size_bytes=MAX_BYTES // 2))
    first, second, third = HEAD, HEAD[::-1], [token + 1000 for token in HEAD]
    heads.keep(Slot(0), first, lasts=True)
    heads.keep(Slot(0), second)

    heads.keep(Slot(0), third)

    assert [heads.helps(Slot(2), head) for head in (first, second, third)] == [True, False, True]


class FromBefore:
    """What a run before this one kept."""

    def __init__(self, size_bytes: int = 100) -> None:
        self.size_bytes = size_bytes
        self.taken: list[str] = []

    def bring(self, name: str) -> int:
        return self.size_bytes

    def take(self, name: str) -> None:
        self.taken.append(name)


def test_the_lasting_head_of_a_run_before_is_restored_without_being_read() -> None:
    files, slot = Files(), Slot(1)
    KeptHeads(files).keep(Slot(0, HEAD), HEAD)
    heads = KeptHeads(files, FromBefore())

    heads.recall(HEAD)
    heads.restore(slot, HEAD)

    assert slot.tokens == HEAD


def test_a_broken_file_of_a_run_before_is_as_if_there_were_none() -> None:
    files, slot = Files(), Slot(1)
    heads = KeptHeads(files, FromBefore())

    heads.recall(HEAD)
    heads.restore(slot, HEAD)

    assert slot.tokens == []
    assert not heads.helps(slot, HEAD)


def test_only_the_lasting_head_outlives_the_run() -> None:
    before = FromBefore(size_bytes=0)
    heads = KeptHeads(Files(), before)

    heads.recall(HEAD)
    heads.keep(Slot(0, HEAD), HEAD, lasts=True)
    heads.keep(Slot(0, HEAD[1:]), HEAD[1:])

    assert len(before.taken) == 1
