import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from vivavoce.engines.language_models.llama_cpp.turns import Stopped, Turns

TIMEOUT_S = 5.0


class Reader(threading.Thread):
    """Waits for one piece and holds it until told."""

    def __init__(self, turns: Turns, *, is_live: bool, stopped: threading.Event) -> None:
        super().__init__(daemon=True)
        self.reads, self.may_end, self.was_stopped = threading.Event(), threading.Event(), False
        self._turns, self._is_live, self._stopped = turns, is_live, stopped

    def run(self) -> None:
        try:
            with self._turns.piece(is_live=self._is_live, is_stopped=self._stopped.is_set):
                self.reads.set()
                self.may_end.wait(TIMEOUT_S)
        except Stopped:
            self.was_stopped = True


@contextmanager
def readers(turns: Turns) -> Iterator[Callable[[bool], Reader]]:
    with ExitStack() as ends:
        stopped = threading.Event()

        def started(is_live: bool) -> Reader:
            reader = Reader(turns, is_live=is_live, stopped=stopped)
            reader.start()
            ends.callback(reader.join, TIMEOUT_S)
            ends.callback(reader.may_end.set)
            return reader

        yield started
        stopped.set()


def test_a_live_piece_goes_before_one_read_ahead() -> None:
    turns = Turns()
    with readers(turns) as read:
        first = read(True)
        assert first.reads.wait(TIMEOUT_S)
        ahead, live = read(False), read(True)

        first.may_end.set()
        assert live.reads.wait(TIMEOUT_S)
        assert not ahead.reads.is_set()

        live.may_end.set()
        assert ahead.reads.wait(TIMEOUT_S)


def test_work_ahead_waits_for_the_last_word_of_a_live_answer() -> None:
    turns = Turns()
    with readers(turns) as read:
        with turns.live():
            ahead = read(False)
            live = read(True)
            live.may_end.set()
            assert live.reads.wait(TIMEOUT_S)
            assert not ahead.reads.is_set()

        assert ahead.reads.wait(TIMEOUT_S)


def test_a_turn_can_be_ended_before_its_block() -> None:
    turns = Turns()
    with turns.line(is_live=True) as place:
        assert list(place.come(lambda: False)) == []
        place.leave()
        with turns.piece(is_live=True, is_stopped=lambda: False):
            pass


def test_who_is_not_wanted_any_more_leaves_the_line() -> None:
    turns = Turns()
    with turns.live(), pytest.raises(Stopped), turns.piece(is_live=False, is_stopped=lambda: True):
        pass

    with turns.piece(is_live=False, is_stopped=lambda: False):
        pass


def test_who_waits_hears_when_others_get_on() -> None:
    turns, looks = Turns(), 0

    def is_stopped() -> bool:
        nonlocal looks
        looks += 1
        if looks == 2:
            turns.moved()
        elif looks == 4:
            first.leave()
        return False

    with turns.line(is_live=True) as first:
        list(first.come(lambda: False))
        with turns.line(is_live=True) as place:
            assert list(place.come(is_stopped)) == [None]


def test_who_waits_hears_nothing_while_nobody_gets_on() -> None:
    turns, looks = Turns(), iter([False] * 5)
    with turns.line(is_live=True) as first:
        list(first.come(lambda: False))
        with turns.line(is_live=True) as place, pytest.raises(Stopped):
            list(place.come(lambda: next(looks, True)))
        assert turns.n_moves == 0
