"""What the reference Beta client needs of its server (80-client-expectations, section 9).

It keeps a conversation of its own and throws where an event names what it has not seen.
"""

from typing import Any

Event = dict[str, Any]

DELTAS = {
    "response.text.delta": "text",
    "response.audio_transcript.delta": "transcript",
    "response.audio.delta": None,
}
"""By event: the member of the part that it is appended to."""


class ReferenceClient:
    """Takes events; raises where the client would."""

    def __init__(self) -> None:
        self.items: dict[str, Event] = {}
        self._responses: dict[str, Event] = {}
        self._deleted: set[str] = set()
        """Items that the client itself took away: it knows better than to follow them."""

    def took(self, event: Event) -> None:
        """Take one event.

        Raises:
            AssertionError: it could not.
        """
        assert isinstance(event["event_id"], str)
        match event["type"]:
            case "conversation.item.created":
                assert event["item"]["id"] not in self.items, "an item is created once"
                self.items[event["item"]["id"]] = event["item"]
            case "conversation.item.deleted":
                del self.items[event["item_id"]]
                self._deleted.add(event["item_id"])
            case "conversation.item.truncated":
                assert event["item_id"] in self.items
            case "conversation.item.input_audio_transcription.completed":
                self._took_transcript(event)
            case "response.created":
                assert event["response"]["output"] == []
                self._responses[event["response"]["id"]] = event["response"]
            case "response.output_item.added":
                self._responses[event["response_id"]]["output"].append(event["item"]["id"])
            case name if name.startswith("response.") and "response_id" in event:
                self._took_output(event)
            case _:
                pass

    def _took_transcript(self, event: Event) -> None:
        item = self.items.get(event["item_id"])
        if item is not None:  # else it is kept for later
            item["content"][event["content_index"]]["transcript"] = event["transcript"]

    def _took_output(self, event: Event) -> None:
        item_id = event["item"]["id"] if "item" in event else event["item_id"]
        beside = self._responses[event["response_id"]]["conversation_id"] is None
        if beside or item_id in self._deleted:
            return  # it has no words for them
        item = self.items[item_id]
        match event["type"]:
            case "response.content_part.added":
                item["content"].append(event["part"])
            case "response.function_call_arguments.delta":
                item["arguments"] += event["delta"]
            case "response.function_call_arguments.done":
                assert item["arguments"] == event["arguments"]
            case name if name in DELTAS:
                part, member = item["content"][event["content_index"]], DELTAS[name]
                if member is not None:
                    part[member] += event["delta"]
            case "response.text.done":
                assert item["content"][event["content_index"]]["text"] == event["text"]
            case "response.audio_transcript.done":
                part = item["content"][event["content_index"]]
                assert part["transcript"] == event["transcript"]
            case _:
                pass
