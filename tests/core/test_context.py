"""What stays in the model's window."""

from tests.core.items import called, conversation, heard, returned, said
from vivavoce.core.context import UNKNOWN_WINDOW_TOKENS, fits, input_budget, truncate
from vivavoce.core.conversation import Conversation
from vivavoce.protocol.session import RetentionRatio, TokenLimits


def kept(talk: Conversation) -> list[str]:
    return [record.item_id for record in talk.context]


def four_messages(tokens: int = 15) -> Conversation:
    return conversation(*(said("x", item_id=name, tokens=tokens) for name in "abcd"))


def test_a_part_of_the_window_is_left_for_the_answer() -> None:
    assert input_budget(8192) == 8192 - 1024
    assert input_budget(400) == 300
    assert input_budget(None) == UNKNOWN_WINDOW_TOKENS


def test_what_fits_counts_instructions_items_and_the_marks_around_them() -> None:
    records = [said("x", tokens=40), said("y", tokens=40)]

    assert fits(records, fixed_tokens=10, window_tokens=133)
    assert not fits(records, fixed_tokens=11, window_tokens=133)


def test_nothing_is_dropped_while_all_fits() -> None:
    talk = four_messages()

    assert not truncate(talk, "auto", fixed_tokens=20, window_tokens=133)
    assert kept(talk) == ["a", "b", "c", "d"]


def test_auto_drops_the_oldest_down_to_sixty_percent() -> None:
    talk = four_messages(tokens=18)

    # With their marks 4 times 23 exceed the 90 beside the instructions; at most 50 stay.
    assert truncate(talk, "auto", fixed_tokens=10, window_tokens=133)
    assert kept(talk) == ["c", "d"]


def test_what_was_dropped_once_is_not_counted_again() -> None:
    talk = four_messages()
    truncate(talk, "auto", fixed_tokens=21, window_tokens=133)

    assert not truncate(talk, "auto", fixed_tokens=21, window_tokens=133)


def test_the_newest_item_stays_even_if_it_does_not_fit() -> None:
    talk = four_messages(tokens=500)

    truncate(talk, "auto", fixed_tokens=10, window_tokens=133)

    assert kept(talk) == ["d"]


def test_disabled_drops_nothing() -> None:
    talk = four_messages(tokens=500)

    assert not truncate(talk, "disabled", fixed_tokens=10, window_tokens=133)
    assert len(kept(talk)) == 4


def test_an_output_goes_with_its_call() -> None:
    talk = conversation(
        called(item_id="call", tokens=30),
        said("x", item_id="between", tokens=60),
        returned(item_id="out", tokens=5),
        said("y", item_id="last", tokens=20),
    )

    truncate(talk, "auto", fixed_tokens=10, window_tokens=133)

    assert kept(talk) == ["last"]


def test_an_output_whose_call_stays_is_kept() -> None:
    talk = conversation(
        said("x", item_id="old", tokens=60),
        called(item_id="call", tokens=5),
        returned(item_id="out", tokens=5),
        said("y", item_id="last", tokens=20),
    )

    truncate(talk, "auto", fixed_tokens=0, window_tokens=133)

    assert kept(talk) == ["call", "out", "last"]


def test_a_ratio_counts_wire_tokens_after_the_instructions() -> None:
    limits = TokenLimits(post_instructions=30)
    ratio = RetentionRatio(retention_ratio=0.5, token_limits=limits)
    talk = conversation(
        heard("x", ms=2000, item_id="speech"),
        said("y", item_id="b", tokens=5),
        said("z", item_id="c", tokens=9),
    )

    truncate(talk, ratio, fixed_tokens=5000, window_tokens=None)

    # 21 (20 of sound), 5 and 9 exceed 30; at most 15 stay.
    assert kept(talk) == ["b", "c"]


def test_a_ratio_without_a_limit_uses_the_window() -> None:
    talk = four_messages(tokens=20)

    truncate(talk, RetentionRatio(retention_ratio=0.8), fixed_tokens=20, window_tokens=133)

    # Of 80 tokens 64 are kept: in wire tokens all four fit, in engine tokens, 25 each, two do.
    assert kept(talk) == ["c", "d"]


def test_the_window_holds_whatever_limit_the_client_sets() -> None:
    ratio = RetentionRatio(
        retention_ratio=1.0, token_limits=TokenLimits(post_instructions=1_000_000)
    )
    talk = four_messages(tokens=30)

    truncate(talk, ratio, fixed_tokens=0, window_tokens=133)

    assert kept(talk) == ["c", "d"]
