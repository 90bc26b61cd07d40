"""Lines of transcripts read as they are written."""

import pytest

from vivavoce.testing.transcript_lines import (
    ABSENT,
    agrees,
    lookup,
    place,
    read_line,
    read_value,
    size_of,
    write_value,
)


def test_words_and_fields_stand_apart() -> None:
    line = read_line('< response.done response.status=completed n=3 text="two words" x=[1, "a b"]')

    assert line.words == ("response.done",)
    assert line.fields == {
        "response.status": "completed",
        "n": 3,
        "text": "two words",
        "x": [1, "a b"],
    }


def test_what_follows_a_hash_is_a_comment() -> None:
    line = read_line('< error message="see #3"   # why')

    assert line.words == ("error",)
    assert line.fields == {"message": "see #3"}


def test_a_word_that_begins_like_a_number_is_a_word() -> None:
    assert read_line("@ 30s").words == ("30s",)
    assert read_line("* resp_1 audio 400ms").words == ("resp_1", "audio", "400ms")


def test_broken_json_is_an_error() -> None:
    with pytest.raises(ValueError, match="broken JSON"):
        read_line('> response.create response={"a": 1')


def test_any_outputs_are_marked_by_an_ellipsis() -> None:
    assert read_line("< …   # until the next line matches").is_anything
    assert not read_line("< error").is_anything


@pytest.mark.parametrize("value", ["word", "two words", "12", "", 3, None, True, [1, {"a": "b"}]])
def test_written_values_read_back(value: object) -> None:
    assert read_value(write_value(value)) == value


def test_sound_is_written_as_the_time_it_lasts() -> None:
    assert write_value(bytes(48 * 20)) == "20ms"
    assert write_value(bytes(47)) == "47bytes"
    assert agrees(bytes(48 * 20), "20ms")
    assert agrees(bytes(47), "47bytes")
    assert not agrees(bytes(47), "20ms")
    assert size_of("20ms", 8) == 160
    assert size_of("twenty") is None


def test_paths_lead_through_objects_and_arrays() -> None:
    tree = {"item": {"content": [{"type": "text"}, {"type": "audio"}]}}

    assert lookup(tree, "item.content[1].type") == "audio"
    assert lookup(tree, "item.content[2].type") == ABSENT
    assert lookup(tree, "item.name") == ABSENT


def test_placing_a_value_makes_what_is_missing() -> None:
    tree: dict[str, object] = {}
    place(tree, "item.content[0].type", "text")
    place(tree, "item.content[0].text", "Hi")
    place(tree, "item.content[1].type", "audio")
    place(tree, "item.role", "user")

    parts = [{"type": "text", "text": "Hi"}, {"type": "audio"}]
    assert tree == {"item": {"content": parts, "role": "user"}}


def test_of_objects_only_expected_members_count_and_of_lists_all() -> None:
    assert agrees({"a": 1, "b": 2}, {"a": 1})
    assert not agrees({"a": 1}, {"a": 1, "b": 2})
    assert agrees([{"a": 1, "b": 2}], [{"a": 1}])
    assert not agrees([1, 2], [1])
    assert not agrees(1, True)
