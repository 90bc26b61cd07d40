"""The runner of transcripts finds what differs, and rewrites it."""

import pytest

from vivavoce.protocol.server_events import ServerEvent
from vivavoce.testing.transcripts import (
    TranscriptMismatchError,
    read_transcript,
    run_transcript,
    update_transcript,
)

GOOD = """\
# The client asks and cancels.
options: instructions="Be brief."

> response.create
< response.created response.id=resp_1
! start resp_1

# Later.
> response.cancel
! cancel resp_1
< response.done response.status=cancelled
"""


def check_nothing(event: ServerEvent) -> None:
    pass


def test_a_transcript_that_holds_passes_and_every_event_is_checked() -> None:
    seen: list[ServerEvent] = []

    run_transcript(GOOD, seen.append)

    assert len(seen) == 2


def test_the_title_is_the_first_comment() -> None:
    transcript = read_transcript(GOOD)

    assert transcript.title == "The client asks and cancels."
    assert transcript.options == {"instructions": "Be brief."}
    assert len(transcript.steps) == 2


@pytest.mark.parametrize(
    ("line", "other"),
    [
        ("! start resp_1\n", ""),
        ("! cancel resp_1\n", "! cancel resp_2\n"),
        ("response.status=cancelled", "response.status=completed"),
        ("response.status=cancelled", "response.metadata=absent"),
        ("< response.created", "< response.done"),
        ("! start resp_1\n", "! start resp_1\n< error\n"),
    ],
)
def test_every_difference_is_found(line: str, other: str) -> None:
    with pytest.raises(TranscriptMismatchError, match="expected"):
        run_transcript(GOOD.replace(line, other), check_nothing)


def test_an_ellipsis_stands_for_any_outputs() -> None:
    text = GOOD.replace("! cancel resp_1\n", "< …\n").replace("! start resp_1", "< …")

    run_transcript(text, check_nothing)


def test_usually_hidden_outputs_can_be_shown() -> None:
    text = "show: count-tokens\n\n* opened\n< session.created\n! count-tokens instructions\n"

    run_transcript(text, check_nothing)


def test_a_line_without_a_mark_is_an_error() -> None:
    with pytest.raises(ValueError, match="line 1"):
        read_transcript("response.create")


@pytest.mark.parametrize("line", ["* resp_1 sings loudly", "* item_1 shouts loud", "* nothing"])
def test_an_unknown_report_is_an_error(line: str) -> None:
    with pytest.raises(ValueError, match="not a report"):
        run_transcript(line, check_nothing)


def test_updating_leaves_what_holds_as_it_is() -> None:
    assert update_transcript(GOOD, check_nothing) == GOOD


def test_updating_rewrites_what_differs_and_keeps_the_choice_of_fields() -> None:
    wrong = GOOD.replace("response.status=cancelled", "response.status=wrong").replace(
        "! start resp_1\n", ""
    )

    text = update_transcript(wrong, check_nothing)

    run_transcript(text, check_nothing)
    assert "! start resp_1" in text
    lines = [line.split() for line in text.splitlines() if line.startswith("< response.done")]
    assert lines == [["<", "response.done", "response.status=cancelled"]]


def test_updating_fills_in_a_transcript_without_outputs() -> None:
    inputs = "".join(f"{line}\n" for line in GOOD.splitlines() if line[:1] not in ("<", "!"))

    text = update_transcript(inputs, check_nothing)

    run_transcript(text, check_nothing)
    assert text.count("\n< ") == 2
