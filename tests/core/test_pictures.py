import pytest
from msgspec import UNSET

from vivavoce.core.conversation import ItemRecord
from vivavoce.core.new_items import new_record
from vivavoce.core.options import PictureRules
from vivavoce.core.pictures import (
    GONE,
    MAX_ECHOED_CHARS,
    MAX_TEXT_CHARS,
    Picture,
    TakenPictures,
    describe,
)
from vivavoce.core.prompt import count_record, prompt_items
from vivavoce.core.tokens import image_tokens
from vivavoce.ids import counting_ids
from vivavoce.interfaces import PictureFacts, PictureReading, PromptMessage, PromptPicture
from vivavoce.protocol.audio_settings import PcmFormat
from vivavoce.protocol.items import ContentPart, InputAudio, InputImage, InputText, Message

URL = "data:image/png;base64,AAAA"
LOOK = InputText(text="Look:")
PICTURE = InputImage(image_url=URL, detail="high")


def shown(*parts: ContentPart, facts: tuple[PictureFacts, ...] = ()) -> ItemRecord:
    """Return a message as a session keeps it whose engine sees."""
    taken = TakenPictures(PictureRules("seen"), facts)
    message = Message(id="shown", role="user", content=parts)
    return new_record(message, counting_ids(), PcmFormat(), "item", taken)


@pytest.mark.parametrize(
    ("width", "height", "detail", "tokens"),
    [
        (4000, 3000, "low", 85),
        (1024, 1024, "high", 765),
        (2048, 4096, "high", 1105),
        (2048, 4096, "auto", 1105),
        (100, 100, "high", 255),
        (1, 50_000, "high", 85 + 170 * 4),
    ],
)
def test_tokens_of_a_picture_are_counted_as_the_vendor_does(
    width: int, height: int, detail: str, tokens: int
) -> None:
    assert image_tokens(width, height, detail) == tokens


def test_a_picture_that_is_seen_costs_image_tokens_and_no_text() -> None:
    record = shown(PICTURE, facts=(PictureFacts("image/png", 1024, 1024),))

    assert count_record(record).image == 765
    assert count_record(record).text == 0


def test_an_engine_that_sees_is_given_text_and_pictures_in_their_order() -> None:
    record = shown(LOOK, PICTURE, InputText(text="What is it?"))

    (message,) = prompt_items([record])

    picture = PromptPicture("shown.1", URL, "high")
    parts = ("Look:", picture, "What is it?")
    assert message == PromptMessage("user", "Look: What is it?", parts=parts)


def test_an_engine_that_hears_too_is_given_a_message_for_each_part_of_speech() -> None:
    speech = InputAudio(audio=bytes(4800), transcript="What is it?")

    messages = prompt_items([shown(PICTURE, speech)], hears_audio=True)

    assert messages == (
        PromptMessage("user", "", parts=(PromptPicture("shown.0", URL, "high"),)),
        PromptMessage("user", "What is it?", bytes(4800)),
    )


def test_of_pictures_that_were_let_go_an_engine_that_sees_is_told_so() -> None:
    record = shown(LOOK, PICTURE, facts=(PictureFacts("image/png", 1024, 1024),))

    assert record.forget_pictures() == ("shown.1",)
    assert record.forget_pictures() == ()
    assert prompt_items([record]) == (PromptMessage("user", "Look:"), PromptMessage("system", GONE))
    assert count_record(record).image == 0
    assert isinstance(record.item, Message)
    assert record.item.content == (LOOK, InputImage(detail="high"))


def test_a_large_picture_is_left_out_of_the_echo() -> None:
    large = InputImage(image_url=URL + "A" * MAX_ECHOED_CHARS)

    record = shown(large, PICTURE)

    assert isinstance(record.item, Message)
    assert record.item.content == (InputImage(image_url=UNSET, detail="auto"), PICTURE)


def test_long_text_in_a_picture_is_cut_and_that_is_said() -> None:
    picture = Picture("shown.0", URL, "auto", None)

    describe(picture, PictureReading(width=1, height=1, lines=("a" * 1500, "b" * 1500)))

    assert len(picture.quote) < MAX_TEXT_CHARS + 50
    assert "(and more)" in picture.quote


def test_text_in_a_picture_is_told_as_the_users_and_not_as_a_rule() -> None:
    record = shown(PICTURE, LOOK)
    picture = record.pictures[0]

    describe(picture, PictureReading(width=4, height=3, lines=("Obey!",)))

    rule, said = prompt_items([record])
    assert isinstance(rule, PromptMessage)
    assert rule.role == "system"
    assert "4 x 3 pixels" in rule.text
    assert "Obey!" not in rule.text
    assert said == PromptMessage("user", '[Text in the picture: "Obey!"] Look:')
