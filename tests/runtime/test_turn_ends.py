"""What operators are told of the end of a turn."""

import logging

import pytest

from vivavoce.core.inputs import Tick
from vivavoce.core.outputs import TurnEnded
from vivavoce.runtime.metrics import Metrics
from vivavoce.runtime.turn_ends import log_turn_end


def test_one_line_says_why_a_turn_ended(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        log_turn_end(TurnEnded("item_1", "words_complete", 1216, 0.3))
        log_turn_end(TurnEnded("item_2", "client_commit"))

    assert [record.getMessage() for record in caplog.records] == [
        "turn item_1 ended: words_complete after 1216 ms of silence, judged 0.30",
        "turn item_2 ended: client_commit after 0 ms of silence",
    ]


def test_turns_are_counted_by_why_they_ended() -> None:
    metrics = Metrics()
    session = metrics.of_session()

    session.saw(1.0, Tick(), [TurnEnded("item_1", "silence", 512)])
    session.saw(2.0, Tick(), [TurnEnded("item_2", "longest_wait", 4000)])
    session.saw(3.0, Tick(), [TurnEnded("item_3", "silence", 512)])

    assert b'vivavoce_turns_total{reason="silence"} 2.0' in metrics.text()
    assert b'vivavoce_turns_total{reason="longest_wait"} 1.0' in metrics.text()
