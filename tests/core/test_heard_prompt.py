"""What a responder is shown that hears for itself."""

from tests.core.items import called, heard, returned, said
from vivavoce.core.conversation import Conversation, ItemRecord
from vivavoce.core.new_items import user_audio_record
from vivavoce.core.prompt import prompt_items
from vivavoce.interfaces import PromptMessage, PromptToolCall, PromptToolOutput
from vivavoce.media.pcm import silence
from vivavoce.protocol.items import InputAudio, InputText, Message

SOUND = silence(200).data


def spoken_words(words: str | None, *, is_pending: bool = False) -> ItemRecord:
    record = user_audio_record("item", SOUND)
    if not is_pending:
        record.pending.clear()
    if words is not None:
        record.heard[0] = words
    return record


def test_spoken_words_come_with_their_sound() -> None:
    shown = prompt_items([spoken_words("Hello. ")], hears_audio=True)

    assert shown == (PromptMessage("user", "Hello.", SOUND),)


def test_a_responder_that_does_not_hear_is_shown_no_sound() -> None:
    assert prompt_items([spoken_words("Hello.")]) == (PromptMessage("user", "Hello."),)


def test_where_the_transcriber_failed_the_sound_is_shown_alone() -> None:
    shown = prompt_items([spoken_words(None)], hears_audio=True)

    assert shown == (PromptMessage("user", "", SOUND),)


def test_noise_and_what_is_not_transcribed_yet_are_not_shown() -> None:
    records = [spoken_words(" "), spoken_words(None, is_pending=True)]

    assert prompt_items(records, hears_audio=True) == ()


def test_typed_and_spoken_parts_are_messages_of_their_own() -> None:
    parts = (InputText(text="Look:"), InputAudio(transcript=None), InputText(text=" "))
    message = Message(id="a", role="user", content=parts)
    record = ItemRecord(message, user_audio={1: SOUND}, heard={1: "one"})

    assert prompt_items([record], hears_audio=True) == (
        PromptMessage("user", "Look:"),
        PromptMessage("user", "one", SOUND),
    )


def test_sound_that_is_no_longer_kept_leaves_its_words() -> None:
    conversation = Conversation("conv_1")
    ten_minutes = 10 * 60 * 1000
    for number, ms in enumerate((200, ten_minutes)):
        record = user_audio_record(f"item_{number}", silence(ms).data)
        record.pending.clear()
        record.heard[0] = f"turn {number}"
        conversation.add(record)

    shown = prompt_items(conversation.context, hears_audio=True)

    assert [(item.text, len(item.audio)) for item in shown if isinstance(item, PromptMessage)] == [
        ("turn 0", 0),
        ("turn 1", ten_minutes * 48),
    ]


def test_all_else_is_shown_as_to_any_model() -> None:
    records = [
        said("Be brief.", role="system"),
        said("Hi.", role="assistant"),
        heard("Go on."),
        called(),
        returned(),
    ]

    assert prompt_items(records, hears_audio=True) == (
        PromptMessage("system", "Be brief."),
        PromptMessage("assistant", "Hi."),
        PromptMessage("user", "Go on."),
        PromptToolCall("call_1", "f", "{}"),
        PromptToolOutput("call_1", "1"),
    )
