"""Outputs of calls that no window could hold."""

from tests.core.items import called, returned, said
from vivavoce.core.conversation import Conversation, ItemRecord
from vivavoce.core.long_outputs import longest_output, shortened
from vivavoce.core.outputs import CountTokens, Output
from vivavoce.core.prompt import prompt_items
from vivavoce.core.window import ContextWindow
from vivavoce.interfaces import PromptMessage, PromptToolOutput

HUGE = "begin" + "x" * 100_000 + "end"


def window_of(*records: ItemRecord, window_tokens: int | None) -> ContextWindow:
    conversation = Conversation("conv")
    emitted: list[Output] = []
    window = ContextWindow(conversation, window_tokens, emitted.append)
    for record in records:
        conversation.add(record)
        window.count(record)
    for order in emitted:
        if isinstance(order, CountTokens):
            window.counted(order.subject_id, len(order.text) // 4)
    window.truncate("auto")
    return window


def test_a_short_output_is_shown_whole() -> None:
    assert shortened("abc", 4) == "abc"


def test_of_a_long_output_both_ends_are_shown() -> None:
    assert shortened("abcdefgh", 4) == "ab\n[4 characters left out]\ngh"


def test_without_a_known_window_everything_is_shown() -> None:
    assert longest_output(None) is None
    assert shortened(HUGE, None) == HUGE


def test_a_huge_output_pushes_nothing_out_of_the_window() -> None:
    records = [said("What does the log say?", item_id="q"), called(), returned(output=HUGE)]

    window_of(*records, window_tokens=8192)
    shown = prompt_items(records)

    assert shown[0] == PromptMessage("user", "What does the log say?")
    assert isinstance(shown[2], PromptToolOutput)
    assert len(shown[2].output) < 5000
    assert shown[2].output.startswith("begin")
    assert shown[2].output.endswith("end")


def test_a_huge_output_that_comes_late_is_shortened_too() -> None:
    records = [called(), said("Meanwhile?", item_id="q"), returned(output=HUGE)]

    window_of(*records, window_tokens=8192)
    news = prompt_items(records)[-1]

    assert isinstance(news, PromptMessage)
    assert len(news.text) < 5000


def test_a_huge_output_is_shown_whole_where_the_window_is_not_known() -> None:
    records = [called(), returned(output=HUGE)]

    window_of(*records, window_tokens=None)

    assert prompt_items(records)[-1] == PromptToolOutput("call_1", HUGE)


def test_the_client_still_finds_all_of_the_output() -> None:
    record = returned(output=HUGE)

    window_of(called(), record, window_tokens=8192)

    assert getattr(record.item, "output", None) == HUGE
