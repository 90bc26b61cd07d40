"""The conversation upstream follows the prompt, and only what is new is sent."""

import pytest

from vivavoce.engines.responders.realtime_items import UpstreamConversation, UpstreamItem
from vivavoce.interfaces import (
    PromptItem,
    PromptMessage,
    PromptPicture,
    PromptToolCall,
    PromptToolOutput,
)
from vivavoce.media.pcm import silence

SOUND = silence(200).data
USER = PromptMessage("user", "Hello.", SOUND)
ANSWER = PromptMessage("assistant", "Hi there.")
NEXT = PromptMessage("user", "And now?")


def shown(*items: PromptItem, answered: bool = False) -> UpstreamConversation:
    conversation = UpstreamConversation()
    conversation.bring_in_line(items)
    if answered:
        conversation.add([UpstreamItem(("assistant", " Hi there."), ["item_a"])])
    return conversation


def kinds(events: list[dict[str, object]]) -> list[str]:
    return [str(event["type"]).removeprefix("conversation.item.") for event in events]


def created(event: dict[str, object]) -> dict[str, object]:
    item = event["item"]
    assert isinstance(item, dict)
    return item


def test_at_first_everything_is_created_in_order() -> None:
    events = UpstreamConversation().bring_in_line([PromptMessage("system", "Be brief."), NEXT])

    assert kinds(events) == ["create", "create"]
    assert [created(event)["role"] for event in events] == ["system", "user"]
    assert created(events[1])["content"] == [{"type": "input_text", "text": "And now?"}]


def test_what_is_there_is_not_sent_again() -> None:
    conversation = shown(USER, answered=True)

    events = conversation.bring_in_line([USER, ANSWER, NEXT])

    assert kinds(events) == ["create"]
    assert "previous_item_id" not in events[0]


def test_sound_is_sent_with_its_transcript() -> None:
    (event,) = UpstreamConversation().bring_in_line([USER])

    part = {"type": "input_audio", "audio": SOUND, "transcript": "Hello."}
    assert created(event)["content"] == [part]


def test_sound_that_was_answered_is_told_in_words_to_a_new_connection() -> None:
    events = UpstreamConversation().bring_in_line([USER, ANSWER, USER])

    assert created(events[0])["content"] == [{"type": "input_text", "text": "Hello."}]
    assert created(events[1])["content"] == [{"type": "output_text", "text": "Hi there."}]
    assert "input_audio" in str(created(events[2])["content"])


def test_sound_without_words_is_told_as_sound_whenever() -> None:
    mute = PromptMessage("user", "", SOUND)

    events = UpstreamConversation().bring_in_line([mute, ANSWER])

    assert created(events[0])["content"] == [{"type": "input_audio", "audio": SOUND}]


@pytest.mark.parametrize("words", ["hello", "Hello!", "Hello."])
def test_other_signs_in_a_transcript_make_no_other_item(words: str) -> None:
    conversation = shown(USER)

    assert conversation.bring_in_line([PromptMessage("user", words)]) == []


def test_an_answer_of_which_a_part_was_heard_is_told_anew() -> None:
    conversation = shown(USER, answered=True)

    events = conversation.bring_in_line([USER, PromptMessage("assistant", "Hi"), NEXT])

    assert kinds(events) == ["delete", "create", "create"]
    assert events[0]["item_id"] == "item_a"


def test_an_answer_that_nobody_heard_is_deleted() -> None:
    conversation = shown(USER, answered=True)

    assert kinds(conversation.bring_in_line([USER])) == ["delete"]


def test_an_item_in_between_is_put_in_its_place() -> None:
    conversation = shown(USER, answered=True)
    first = PromptMessage("system", "Be brief.")

    events = conversation.bring_in_line([first, USER, NEXT, ANSWER])

    assert [event.get("previous_item_id") for event in events] == ["root", "item_ours_1"]


def test_an_answer_in_two_messages_is_one() -> None:
    conversation = shown(USER)
    conversation.add([UpstreamItem(("assistant", "Hi there."), ["item_a", "item_b"])])

    assert conversation.bring_in_line([USER, ANSWER]) == []
    assert [event["item_id"] for event in conversation.bring_in_line([USER])] == [
        "item_a",
        "item_b",
    ]


def test_the_output_of_a_call_names_the_call_as_the_service_does() -> None:
    conversation = shown(USER)
    conversation.add([UpstreamItem(("call", "look", '{"at": 1}'), ["item_a"], "call_theirs")])
    call = PromptToolCall("call_ours", "look", '{"at": 1}')

    (event,) = conversation.bring_in_line([USER, call, PromptToolOutput("call_ours", "a star")])

    assert created(event) | {"id": ""} == {
        "id": "",
        "type": "function_call_output",
        "call_id": "call_theirs",
        "output": "a star",
    }


def test_a_call_that_the_client_brought_keeps_its_name() -> None:
    call, output = PromptToolCall("call_1", "look", "{}"), PromptToolOutput("call_1", "a star")

    events = UpstreamConversation().bring_in_line([USER, call, output])

    assert [created(event).get("call_id") for event in events] == [None, "call_1", "call_1"]


def test_an_answer_aside_refers_to_what_is_there() -> None:
    conversation = shown(USER, answered=True)

    given = conversation.as_input([USER, ANSWER, NEXT])

    assert given == [
        {"type": "item_reference", "id": "item_ours_1"},
        {"type": "item_reference", "id": "item_a"},
        {
            "type": "message",
            "role": "user",
            "content": [{"type": "input_text", "text": "And now?"}],
        },
    ]


def test_an_answer_aside_changes_nothing_in_the_conversation() -> None:
    conversation = shown(USER)

    conversation.as_input([NEXT])

    assert conversation.bring_in_line([USER]) == []


def test_a_picture_is_sent_once_and_known_by_its_id() -> None:
    picture = PromptPicture("shown.0", "data:image/png;base64,AAAA", "high")
    look = PromptMessage("user", "Look.", parts=(picture, "Look."))
    conversation = UpstreamConversation()

    (event,) = conversation.bring_in_line([look])

    assert created(event)["content"] == [
        {"type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": "high"},
        {"type": "input_text", "text": "Look."},
    ]
    assert kinds(conversation.bring_in_line([look, NEXT])) == ["create"]
