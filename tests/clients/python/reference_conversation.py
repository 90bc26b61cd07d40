"""The rules by which the reference Beta client keeps its own copy of the conversation.

Written after its source (80-client-expectations, section 9). It appends to strings and lists that
the server's events brought, and throws where they are missing: so must this.
"""

from typing import Any

Event = dict[str, Any]
Item = dict[str, Any]

SAMPLES_PER_MS = 24


class ReferenceConversation:
    """Takes events in their order.

    Raises:
        KeyError: an event is about an item or a response that was not announced.
        TypeError: something to append to is null.
        ValueError: an event has no handler, or lacks its id.
    """

    def __init__(self) -> None:
        self.items: dict[str, Item] = {}
        self.responses: dict[str, Event] = {}
        self._speeches: dict[str, dict[str, int]] = {}
        self._early_transcripts: dict[str, str] = {}
        self._input_samples = 0
        self._handlers = {
            "conversation.item.created": self._created,
            "conversation.item.truncated": self._truncated,
            "conversation.item.deleted": self._deleted,
            "conversation.item.input_audio_transcription.completed": self._transcribed,
            "input_audio_buffer.speech_started": self._speech_started,
            "input_audio_buffer.speech_stopped": self._speech_stopped,
            "response.created": self._response_created,
            "response.output_item.added": self._output_item_added,
            "response.output_item.done": self._output_item_done,
            "response.content_part.added": self._content_part_added,
            "response.audio_transcript.delta": self._transcript_delta,
            "response.audio.delta": self._audio_delta,
            "response.text.delta": self._text_delta,
            "response.function_call_arguments.delta": self._arguments_delta,
        }

    def sent(self, pcm: bytes) -> None:
        """Keep count of the audio that was appended, which speech is cut from."""
        self._input_samples += len(pcm) // 2

    def take(self, event: Event) -> None:
        """Follow one event; events that the client does not subscribe to need an id only."""
        if not event.get("event_id") or not event.get("type"):
            raise ValueError(f"without an id or a type: {event}")
        handler = self._handlers.get(event["type"])
        if handler is not None:
            handler(event)

    def _created(self, event: Event) -> None:
        item: Item = event["item"]
        self.items[item["id"]] = item
        item["formatted"] = {"audio_bytes": 0, "text": "", "transcript": "", "speech_ms": None}
        for part in item.get("content", []):
            if part["type"] in ("text", "input_text"):
                item["formatted"]["text"] += part["text"]
        speech = self._speeches.pop(item["id"], None)
        if speech is not None:
            item["formatted"]["speech_ms"] = speech["end_ms"] - speech["start_ms"]
        item["formatted"]["transcript"] = self._early_transcripts.pop(item["id"], "")
        if item["type"] == "function_call":
            item["formatted"]["tool"] = {
                "name": item["name"],
                "call_id": item["call_id"],
                "arguments": "",
            }
        elif item["type"] == "function_call_output":
            item["formatted"]["output"] = item["output"]

    def _truncated(self, event: Event) -> None:
        formatted = self.items[event["item_id"]]["formatted"]
        formatted["transcript"] = ""
        formatted["audio_bytes"] = event["audio_end_ms"] * SAMPLES_PER_MS * 2

    def _deleted(self, event: Event) -> None:
        del self.items[event["item_id"]]

    def _transcribed(self, event: Event) -> None:
        transcript = event["transcript"] or " "
        item = self.items.get(event["item_id"])
        if item is None:
            self._early_transcripts[event["item_id"]] = transcript
            return
        item["content"][event["content_index"]]["transcript"] = event["transcript"]
        item["formatted"]["transcript"] = transcript

    def _speech_started(self, event: Event) -> None:
        self._speeches[event["item_id"]] = {"start_ms": event["audio_start_ms"]}

    def _speech_stopped(self, event: Event) -> None:
        speech = self._speeches[event["item_id"]]
        speech["end_ms"] = event["audio_end_ms"]
        if not 0 <= speech["start_ms"] < speech["end_ms"] <= self._input_samples / SAMPLES_PER_MS:
            raise ValueError(f"speech outside of what was sent: {speech}")

    def _response_created(self, event: Event) -> None:
        self.responses[event["response"]["id"]] = event["response"]

    def _output_item_added(self, event: Event) -> None:
        self.responses[event["response_id"]]["output"].append(event["item"]["id"])

    def _output_item_done(self, event: Event) -> None:
        self.items[event["item"]["id"]]["status"] = event["item"]["status"]

    def _content_part_added(self, event: Event) -> None:
        self.items[event["item_id"]]["content"].append(event["part"])

    def _transcript_delta(self, event: Event) -> None:
        item = self.items[event["item_id"]]
        item["content"][event["content_index"]]["transcript"] += event["delta"]
        item["formatted"]["transcript"] += event["delta"]

    def _audio_delta(self, event: Event) -> None:
        self.items[event["item_id"]]["formatted"]["audio_bytes"] += len(event["delta"]) * 3 // 4

    def _text_delta(self, event: Event) -> None:
        item = self.items[event["item_id"]]
        item["content"][event["content_index"]]["text"] += event["delta"]
        item["formatted"]["text"] += event["delta"]

    def _arguments_delta(self, event: Event) -> None:
        item = self.items[event["item_id"]]
        item["arguments"] += event["delta"]
        item["formatted"]["tool"]["arguments"] += event["delta"]
