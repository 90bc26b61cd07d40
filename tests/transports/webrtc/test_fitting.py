"""Events in messages of a limited size."""

from typing import Literal

import msgspec
import pytest

from vivavoce.ids import counting_ids
from vivavoce.protocol.codec import encode_server_event
from vivavoce.protocol.items import InputAudio, InputImage, InputText, Item, Message, OutputAudio
from vivavoce.protocol.response_events import ResponseOutputTextDelta
from vivavoce.protocol.server_events import (
    ConversationItemAdded,
    ConversationItemRetrieved,
    InputAudioBufferCleared,
    ServerEvent,
)
from vivavoce.transports.webrtc.fitting import fitting_events

LIMIT = 1000


def messages(event: ServerEvent) -> list[dict[str, object]]:
    texts = list(
        fitting_events(event, LIMIT, lambda one: (encode_server_event(one),), counting_ids())
    )
    assert all(len(text) <= LIMIT for text in texts)
    return [msgspec.json.decode(text) for text in texts]


def retrieved(item: Item) -> ConversationItemRetrieved:
    return ConversationItemRetrieved(event_id="event_1", item=item)


def test_what_fits_is_sent_as_it_is() -> None:
    assert messages(InputAudioBufferCleared(event_id="event_1")) == [
        {"type": "input_audio_buffer.cleared", "event_id": "event_1"}
    ]


@pytest.mark.parametrize("part", [InputAudio(audio=bytes(2000)), OutputAudio(audio=bytes(2000))])
def test_an_item_with_too_much_sound_is_retrieved_without_it_and_an_error(
    part: InputAudio | OutputAudio,
) -> None:
    role: Literal["user", "assistant"] = "user" if isinstance(part, InputAudio) else "assistant"
    item, error = messages(retrieved(Message(id="item_1", role=role, content=(part,))))
    assert item["type"] == "conversation.item.retrieved"
    assert b"audio" not in msgspec.json.encode(item).replace(b"_audio", b"")
    assert error["type"] == "error"
    detail = error["error"]
    assert isinstance(detail, dict)
    assert detail["code"] == "message_too_large"
    assert "1000 bytes" in detail["message"]


def test_a_large_picture_is_left_out_of_the_echo_of_its_item() -> None:
    picture = InputImage(image_url="data:image/png;base64," + "A" * 2000)
    content = (InputText(text="What is this?"), picture)
    item = Message(id="item_1", role="user", content=content)
    event = ConversationItemAdded(event_id="event_1", item=item, previous_item_id=None)
    (added,) = messages(event)
    assert added["type"] == "conversation.item.added"
    assert b"image_url" not in msgspec.json.encode(added)
    assert b"What is this?" in msgspec.json.encode(added)


def test_what_cannot_be_made_smaller_becomes_an_error() -> None:
    ids = {"response_id": "resp_1", "item_id": "item_1"}
    event = ResponseOutputTextDelta(
        event_id="event_1", delta="a" * 2000, output_index=0, content_index=0, **ids
    )
    (error,) = messages(event)
    assert error["type"] == "error"
    assert "response.output_text.delta" in str(error["error"])
    (error,) = messages(
        retrieved(Message(id="item_1", role="user", content=(InputText(text="a" * 2000),)))
    )
    assert error["type"] == "error"
