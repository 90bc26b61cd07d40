"""The worker's side with a runtime of which a word is a token and nothing takes time."""

from collections.abc import Callable, Generator, Sequence
from typing import Any

import msgspec

from vivavoce.engines.language_models.llama_cpp.host import OTHERS_MOVED, Asked, LlamaHost
from vivavoce.engines.language_models.llama_cpp.reading import PIECE_TOKENS
from vivavoce.engines.language_models.llama_cpp.runtime import WriteOrder, WrittenPiece

WINDOW_TOKENS = 1000
HEAD = "head " * 130


class Words:
    """Writes `Yes, yes.`; notes how far each slot was read."""

    def __init__(self) -> None:
        self.reads: list[tuple[int, int]] = []
        self.kept: dict[str, int] = {}
        self._numbers: dict[str, int] = {}

    def tokenize(self, text: str, *, markup: bool = True) -> list[int]:
        return [self._numbers.setdefault(word, len(self._numbers)) for word in text.split()]

    def read(self, slot: int, tokens: Sequence[int], *, shifts: bool = False) -> int:
        self.reads.append((slot, len(tokens)))
        return 0

    def write(
        self, order: WriteOrder, is_stopped: Callable[[], bool]
    ) -> Generator[WrittenPiece, None, None]:
        yield WrittenPiece("Yes, ", 1, 0)
        yield WrittenPiece("yes.", 1, 0)

    def keep(self, slot: int, name: str) -> int:
        self.kept[name] = slot
        return 1

    def restore(self, slot: int, name: str) -> None:
        assert name in self.kept

    def drop(self, name: str) -> None:
        del self.kept[name]


def host(runtime: Words, n_slots: int = 2) -> LlamaHost:
    return LlamaHost(runtime, n_slots, WINDOW_TOKENS)


def asked(session_id: str = "a", *, head: str = HEAD, body: str = "hello") -> dict[str, Any]:
    order = Asked(
        order=1, session_id=session_id, out_of_band=False, head=head, body=body, tail=" now"
    )
    found: dict[str, Any] = msgspec.to_builtins(order)
    return found


def not_cancelled() -> bool:
    return False


def test_each_piece_that_was_read_is_told() -> None:
    replies = list(host(Words()).handle("generate", asked(), not_cancelled))

    assert replies == [
        {"n_read": PIECE_TOKENS},
        {"n_read": 2 * PIECE_TOKENS},
        {"n_read": 130},
        {"n_input": 132, "n_cached": 0},
        {"text": "Yes, ", "n_tokens": 1},
        {"text": "yes.", "n_tokens": 1},
        {"is_cut": False},
    ]


def test_who_waits_for_a_slot_hears_when_the_answer_before_gets_on() -> None:
    only = host(Words(), n_slots=1)
    first = only.handle("generate", asked("a", head=""), not_cancelled)
    assert next(first) == {"n_input": 2, "n_cached": 0}
    assert next(first) == {"text": "Yes, ", "n_tokens": 1}
    waits = True

    def looks() -> bool:
        nonlocal waits
        if waits:
            waits = False
            assert next(first) == {"text": "yes.", "n_tokens": 1}
        return False

    second = only.handle("generate", asked("b", head=""), looks)

    assert next(second) == OTHERS_MOVED
    list(first)
    assert "n_input" in next(second)
    assert next(second) == {"text": "Yes, ", "n_tokens": 1}


def test_what_sessions_share_is_read_before_anybody_asks() -> None:
    runtime = Words()
    warm = host(runtime)

    warm.read_shared(HEAD)
    replies = list(warm.handle("generate", asked(head=f"{HEAD} tools"), not_cancelled))

    assert [length for _, length in runtime.reads] == [64, 128, 130, 131]
    assert {"n_input": 133, "n_cached": 130} in replies


def test_what_is_read_ahead_goes_on_from_what_is_shared() -> None:
    runtime = Words()
    warm = host(runtime)

    warm.read_shared(HEAD)
    assert list(warm.handle("prefill", asked(head=f"{HEAD} tools"), not_cancelled)) == []

    assert [length for _, length in runtime.reads] == [64, 128, 130, 131]


class Shelf:
    """What outlives a server: the names of files, all of which it has."""

    def __init__(self, runtime: Words, *names: str) -> None:
        self.names = list(names)
        self._runtime = runtime

    def bring(self, name: str) -> int:
        if name not in self.names:
            return 0
        self._runtime.kept[name] = -1
        return 1

    def take(self, name: str) -> None:
        self.names.append(name)


def test_what_sessions_share_is_not_read_again_by_the_next_server() -> None:
    first, second = Words(), Words()
    shelf = Shelf(first)
    LlamaHost(first, 2, WINDOW_TOKENS, shelf).read_shared(HEAD)
    warm = LlamaHost(second, 2, WINDOW_TOKENS, Shelf(second, *shelf.names))

    warm.recall_shared(HEAD)
    warm.read_shared(HEAD)
    replies = list(warm.handle("generate", asked(head=f"{HEAD} tools"), not_cancelled))

    assert len(shelf.names) == 1
    assert [length for _, length in second.reads] == [131]
    assert {"n_input": 133, "n_cached": 130} in replies


def test_what_sessions_share_outlives_the_server_also_if_a_session_read_it_first() -> None:
    runtime = Words()
    shelf = Shelf(runtime)
    warm = LlamaHost(runtime, 2, WINDOW_TOKENS, shelf)

    list(warm.handle("generate", asked(head=f"{HEAD} tools"), not_cancelled))
    warm.read_shared(HEAD)

    assert len(shelf.names) == 1
    assert [length for _, length in runtime.reads] == [64, 128, 131, 130]
