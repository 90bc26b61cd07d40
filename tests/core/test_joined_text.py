import pytest

from vivavoce.core.joined_text import JoinedText


@pytest.mark.parametrize(
    ("pieces", "whole"),
    [
        (("Hello.", "World."), "Hello. World."),
        (("Hello. ", " World."), "Hello. World."),
        (("你好。", "再见。"), "你好。再见。"),
        (("สวัสดี", "ลาก่อน"), "สวัสดีลาก่อน"),
        (("안녕.", "잘 가."), "안녕. 잘 가."),
        (("Hello.", "你好。"), "Hello. 你好。"),
        (("", "Hello."), "Hello."),
    ],
)
def test_sentences_have_a_space_between_them_where_the_script_knows_one(
    pieces: tuple[str, ...], whole: str
) -> None:
    joined, text = JoinedText(), ""

    for piece in pieces:
        joined.begin()
        text += joined.append(piece)

    assert text == whole


def test_within_a_sentence_spaces_are_kept_as_they_are() -> None:
    joined = JoinedText()
    joined.begin()

    assert [joined.append(piece) for piece in (" Good", " morning", ".")] == [
        "Good",
        " morning",
        ".",
    ]
