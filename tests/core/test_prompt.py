"""What the language model is shown."""

from tests.core.items import called, heard, returned, said, spoken
from vivavoce.core.conversation import ItemRecord
from vivavoce.core.prompt import PENDING_OUTPUT, count_record, prompt_items
from vivavoce.core.tokens import TokenCount
from vivavoce.interfaces import PromptMessage, PromptToolCall, PromptToolOutput
from vivavoce.protocol.items import InputAudio, InputText, McpListTools, Message

CALL = PromptToolCall("call_1", "f", "{}")


def test_messages_keep_their_roles_and_order() -> None:
    records = [said("Be brief.", role="system"), said("Hello"), said("Hi.", role="assistant")]

    assert prompt_items(records) == (
        PromptMessage("system", "Be brief."),
        PromptMessage("user", "Hello"),
        PromptMessage("assistant", "Hi."),
    )


def test_speech_is_shown_as_its_words() -> None:
    assert prompt_items([heard("Hello there. ")]) == (PromptMessage("user", "Hello there."),)


def test_parts_of_a_message_are_joined() -> None:
    parts = (InputText(text="Look:"), InputAudio(transcript=None), InputAudio(transcript=None))
    record = ItemRecord(Message(id="a", role="user", content=parts), heard={1: "one", 2: "two"})

    assert prompt_items([record]) == (PromptMessage("user", "Look: one two"),)


def test_an_item_without_words_is_not_shown() -> None:
    assert prompt_items([heard(" "), said("")]) == ()


def test_of_a_truncated_answer_the_clauses_heard_whole_are_shown() -> None:
    clauses = (("One. ", 400.0), ("Two. ", 800.0), ("Three.", 1200.0))

    def shown(truncated_ms: int | None) -> tuple[object, ...]:
        return prompt_items([spoken(*clauses, ms=1200, truncated_ms=truncated_ms)])

    assert shown(None) == (PromptMessage("assistant", "One. Two. Three."),)
    assert shown(800) == (PromptMessage("assistant", "One. Two."),)
    assert shown(799) == (PromptMessage("assistant", "One."),)
    assert shown(0) == ()


def test_a_call_is_followed_by_its_output() -> None:
    assert prompt_items([called(), returned()]) == (CALL, PromptToolOutput("call_1", "1"))


def test_outputs_of_several_calls_may_come_in_any_order() -> None:
    records = [called("call_1"), called("call_2"), returned("call_2"), returned("call_1")]

    assert [type(item) for item in prompt_items(records)] == [
        PromptToolCall,
        PromptToolCall,
        PromptToolOutput,
        PromptToolOutput,
    ]


def test_a_call_without_an_output_has_a_placeholder() -> None:
    assert prompt_items([called()]) == (CALL, PromptToolOutput("call_1", PENDING_OUTPUT))


def test_an_output_that_comes_after_other_items_is_told_as_news() -> None:
    before = prompt_items([called(name="get_weather"), said("Meanwhile")])

    after = prompt_items([called(name="get_weather"), said("Meanwhile"), returned(output="cold")])

    assert after[:-1] == before, "what was shown before is a prefix"
    assert after[-1] == PromptMessage("system", "The result of get_weather has come: cold")


def test_an_output_without_its_call_is_told_by_its_call_id() -> None:
    assert prompt_items([returned("call_9", "cold")]) == (
        PromptMessage("system", "The result of call_9 has come: cold"),
    )


def test_a_call_that_was_cut_is_not_shown() -> None:
    assert prompt_items([called(status="incomplete")]) == ()


def test_items_that_the_model_does_not_know_are_not_shown() -> None:
    assert prompt_items([ItemRecord(McpListTools(id="a", server_label="docs", tools=()))]) == ()


def test_silence_is_told_as_a_note_of_at_most_half_a_minute() -> None:
    record = heard("")
    record.silence_ms = 5000
    assert prompt_items([record]) == (
        PromptMessage(
            "system", "The user has been silent for 5 seconds. Ask whether they are still there."
        ),
    )


def test_tokens_are_counted_by_kind() -> None:
    assert count_record(said("abcdefgh")) == TokenCount(2, 0)
    assert count_record(said("abcdefgh", tokens=7)) == TokenCount(7, 0)
    assert count_record(heard("abcd", ms=1250)) == TokenCount(1, 12)
    assert count_record(spoken(("abcd", 400.0), ms=1210)) == TokenCount(1, 24)
    assert count_record(spoken(("abcd", 400.0), ms=1210, truncated_ms=500)) == TokenCount(1, 10)
    assert count_record(called(name="look")) == TokenCount(2, 0)


def test_a_second_output_of_a_call_is_told_as_news() -> None:
    records = [called(), returned(), returned(output="2", item_id="again")]

    assert prompt_items(records) == (
        CALL,
        PromptToolOutput("call_1", "1"),
        PromptMessage("system", "The result of f has come: 2"),
    )


def test_an_output_two_turns_late_changes_nothing_before_it() -> None:
    before = [called(), said("And?"), said("Soon.", role="assistant"), said("All right.")]

    early, late = prompt_items(before), prompt_items([*before, returned()])

    assert late[:-1] == early
    assert early[1] == PromptToolOutput("call_1", PENDING_OUTPUT)
    assert late[-1] == PromptMessage("system", "The result of f has come: 1")


def test_an_output_that_never_comes_stays_a_placeholder() -> None:
    records = [called(), said("And?"), said("Never mind."), said("Bye.")]

    assert [item for item in prompt_items(records) if isinstance(item, PromptToolOutput)] == [
        PromptToolOutput("call_1", PENDING_OUTPUT)
    ]
