import base64

import pytest

from vivavoce.tools.code.answers import NOTHING, answer
from vivavoce.tools.code.process import Reply, WrittenFile


def reply(
    printed: str = "",
    value: str | None = None,
    error: str | None = None,
    files: tuple[WrittenFile, ...] = (),
) -> Reply:
    return Reply(call=1, printed=printed, value=value, error=error, files=files)


def picture(content: bytes, path: str = "/mnt/data/a.png") -> WrittenFile:
    coded = base64.b64encode(content).decode()
    return WrittenFile(path=path, n_bytes=len(content), content=coded)


def test_what_was_printed_comes_before_the_value_or_the_error() -> None:
    assert answer(reply("a\nb\n", "3"), 100, 0) == "a\nb\n3"
    assert answer(reply("a\n", None, "ValueError: x"), 100, 0) == "a\nValueError: x"


def test_a_run_without_any_result_says_how_to_get_one() -> None:
    assert answer(reply(), 100, 0) == NOTHING


def test_of_a_long_text_the_middle_is_left_out() -> None:
    text = answer(reply("a" * 500 + "b" * 500), 100, 0)
    assert text == "a" * 50 + "\n... (900 characters left out)\n" + "b" * 50


def test_a_picture_is_named_and_follows_as_a_data_url() -> None:
    text = answer(reply(value="1", files=(picture(b"PNG"),)), 100, 1_000)
    assert text == (
        "1\nWrote the picture /mnt/data/a.png (3 bytes).\n![a.png](data:image/png;base64,UE5H)"
    )


def test_a_picture_that_is_too_large_is_only_named() -> None:
    files = (picture(b"x" * 600), picture(b"y" * 600, "/tmp/b.svg"))
    text = answer(reply(files=files), 100, 1_000)
    assert text.count("data:image/png") == 1
    assert "data:image/svg" not in text
    assert "Wrote the picture /tmp/b.svg (600 bytes)." in text


@pytest.mark.parametrize("content", ["!!", "", "YQ"])
def test_what_is_no_picture_by_its_coding_is_only_named(content: str) -> None:
    file = WrittenFile(path="/tmp/a.png", n_bytes=3, content=content)
    assert answer(reply(files=(file,)), 100, 100) == "Wrote the picture /tmp/a.png (3 bytes)."


def test_a_name_can_not_break_out_of_its_place() -> None:
    file = picture(b"x", "/tmp/](http://evil)\n![.svg")
    text = answer(reply(files=(file,)), 100, 100)
    assert text.splitlines() == [
        "Wrote the picture /tmp/](http://evil)?![.svg (1 bytes).",
        "![evil?.svg](data:image/svg+xml;base64,eA==)",
    ]
