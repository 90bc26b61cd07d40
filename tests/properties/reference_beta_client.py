"""What the reference Beta client needs of its server, whatever happens in a session.

It follows the events as `ReferenceConversation` does, except those of which it knows better; and
what was put together of deltas must be what the server says at the end.
"""

from typing import Any

from tests.clients.python.reference_conversation import ReferenceConversation

Event = dict[str, Any]

SPEECH = ("input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped")
"""Not followed: where speech lies is measured by what was sent, which is made up here."""


class ReferenceClient:
    """Takes events; raises where the client would."""

    def __init__(self) -> None:
        self._conversation = ReferenceConversation()
        self._deleted: set[str] = set()
        """Items that the client itself took away: it knows better than to follow them."""

    def took(self, event: Event) -> None:
        """Take one event.

        Raises:
            AssertionError: it could not.
            KeyError: it is about something that was not announced.
        """
        match event["type"]:
            case "conversation.item.created":
                assert event["item"]["id"] not in self._conversation.items, "created once"
            case "conversation.item.deleted":
                self._deleted.add(event["item_id"])
            case "response.created":
                assert event["response"]["output"] == []
            case _:
                pass
        if event["type"] in SPEECH or self._has_no_words_for(event):
            return
        self._conversation.take(event)
        self._compare(event)

    def _has_no_words_for(self, event: Event) -> bool:
        if "response_id" not in event or event["type"] == "response.output_item.added":
            return False
        if not event["type"].startswith("response."):
            return False
        item_id = event["item"]["id"] if "item" in event else event["item_id"]
        response = self._conversation.responses[event["response_id"]]
        return response["conversation_id"] is None or item_id in self._deleted

    def _compare(self, event: Event) -> None:
        items = self._conversation.items
        match event["type"]:
            case "response.function_call_arguments.done":
                assert items[event["item_id"]]["arguments"] == event["arguments"]
            case "response.text.done":
                part = items[event["item_id"]]["content"][event["content_index"]]
                assert part["text"] == event["text"]
            case "response.audio_transcript.done":
                part = items[event["item_id"]]["content"][event["content_index"]]
                assert part["transcript"] == event["transcript"]
            case _:
                pass
