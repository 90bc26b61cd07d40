"""The judge itself: it refuses what the official types do not allow."""

import json

import pytest

from tests.sdk_types import check_server_event, parse_with_sdk
from vivavoce.protocol.items import Message, OutputText
from vivavoce.protocol.response_events import ResponseOutputItemAdded
from vivavoce.protocol.server_events import ConversationItemDeleted, SessionClosed

DELETED = {"type": "conversation.item.deleted", "event_id": "event_1", "item_id": "item_1"}


@pytest.mark.parametrize(
    "event",
    [
        {**DELETED, "surprise": 1},
        {**DELETED, "item_id": 3},
        {"type": "conversation.item.deleted", "event_id": "event_1"},
        {"type": "conversation.item.vanished", "event_id": "event_1"},
        {
            "type": "response.output_item.added",
            "event_id": "event_1",
            "response_id": "resp_1",
            "output_index": 0,
            "item": {
                "type": "message",
                "id": "item_1",
                "role": "assistant",
                "content": [{"type": "output_text", "text": "Hi", "loudness": 3}],
            },
        },
    ],
    ids=["unknown member", "wrong type", "missing member", "unknown event", "unknown deep inside"],
)
def test_a_wrong_event_is_refused(event: dict[str, object]) -> None:
    with pytest.raises(AssertionError, match="the SDK"):
        parse_with_sdk(json.dumps(event).encode())


def test_right_events_pass() -> None:
    check_server_event(ConversationItemDeleted(event_id="event_1", item_id="item_1"))
    check_server_event(SessionClosed(event_id="event_2"))
    check_server_event(
        ResponseOutputItemAdded(
            event_id="event_3",
            response_id="resp_1",
            output_index=0,
            item=Message(id="item_1", role="assistant", content=(OutputText(text="Hi"),)),
        )
    )


def test_our_own_events_are_exempt() -> None:
    assert parse_with_sdk(b'{"type":"vivavoce.anything"}') is None
