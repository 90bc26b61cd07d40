"""The order of items, and how much of their sound is kept."""

import pytest

from tests.core.items import conversation, said
from vivavoce.core.conversation import KEPT_AUDIO_BYTES, Conversation
from vivavoce.core.new_items import user_audio_record
from vivavoce.errors import ProtocolError
from vivavoce.protocol.audio_settings import PcmFormat
from vivavoce.protocol.items import InputAudio, Message

SIX_MINUTES = bytes(KEPT_AUDIO_BYTES * 6 // 10)


def order(talk: Conversation) -> list[str]:
    return [record.item_id for record in talk]


def test_items_go_to_the_end_to_the_root_or_behind_another() -> None:
    talk = conversation(said("x", item_id="a"), said("x", item_id="b"))

    assert talk.add(said("x", item_id="c"), None) == "b"
    assert talk.add(said("x", item_id="d"), "root") is None
    assert talk.add(said("x", item_id="e"), "a") == "a"
    assert order(talk) == ["d", "a", "e", "b", "c"]
    assert talk.last_item_id == "c"
    assert talk.previous_of("b") == "e"
    assert talk.previous_of("nowhere") is None


def test_a_refused_item_leaves_no_trace() -> None:
    talk = conversation(said("x", item_id="a"))

    for item_id, previous in (("a", None), ("b", "nowhere")):
        with pytest.raises(ProtocolError):
            talk.add(said("x", item_id=item_id), previous)

    assert order(talk) == ["a"]
    assert "b" not in talk


def test_an_item_dropped_from_the_context_can_be_deleted() -> None:
    talk = conversation(said("x", item_id="a"))
    talk.dropped.add("a")

    talk.delete("a")

    assert not talk.dropped
    assert talk.last_item_id is None


def test_the_sound_of_the_oldest_items_is_forgotten_first() -> None:
    talk = conversation(user_audio_record("old", SIX_MINUTES))

    talk.add(user_audio_record("new", SIX_MINUTES))

    old, new = talk.retrieve("old", PcmFormat()), talk.retrieve("new", PcmFormat())
    assert isinstance(old, Message)
    assert old.content == (InputAudio(transcript=None),)
    assert isinstance(new, Message)
    assert new.content == (InputAudio(transcript=None, audio=SIX_MINUTES),)


def test_an_item_keeps_its_sound_until_the_next_however_long_it_is() -> None:
    talk = conversation(user_audio_record("long", SIX_MINUTES * 2))
    record = talk.get("long")
    assert record is not None
    assert record.user_audio

    talk.add(said("x", item_id="next"))

    assert not record.user_audio
