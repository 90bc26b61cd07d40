"""Plays an example sequence to a session.

The client's events are sent as they stand. What is no consequence of them, such as speech or the
words of an answer, is taken from the server events of the example and told to the session as
engines would tell it. So the session must make the same events in the same order.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from tests.examples.flows import FLOWS, is_beta
from vivavoce.core.outputs import Send, StartResponse
from vivavoce.testing.transcript_lines import Line, read_line
from vivavoce.testing.transcript_session import TranscriptSession
from vivavoce.transports.dialects.choice import codec_of

Event = dict[str, Any]
LIST_DOCS = (
    '> session.update session={"type": "realtime", "tools": [{"type": "mcp", "server_label":'
    ' "docs", "server_url": "https://mcp.example/mcp", "require_approval": "always"}]}'
)
SPEECH = "~ speech 640ms"
SILENCE = "~ silence 640ms"
OTHER_WORDS = "Hello."
"""What was said where the example does not tell."""
ANSWER_MS = 2000
"""Of each delta: the example's are shorter than what its clients say they have heard."""
FINISHES = {
    "response.text.done",
    "response.output_text.done",
    "response.audio.done",
    "response.output_audio.done",
    "response.function_call_arguments.done",
    "response.done",
}
"""Nothing more comes of an answer once one of these is due and has not come."""


class Player:
    """One session, and what its client got so far."""

    def __init__(self, flow: str, options: Mapping[str, object], before: Sequence[str]) -> None:
        """Open a session.

        Args:
            flow: name of the example.
            options: of the session, beside those of all examples.
            before: lines of a transcript that happen before the example begins.
        """
        self._codec = codec_of("beta" if is_beta(flow) else "ga")
        self._steps = FLOWS[flow]
        self._session = TranscriptSession(
            {"prepare_after_ms": None, **options}, decode=self._codec.decode
        )
        self._ids: dict[str, str] = {}
        """From the example's ids to the session's."""
        self._jobs: list[str] = []
        """Ids of the answers that the engine was asked for."""
        self._n_expected: Counter[str] = Counter()
        self.events: list[Event] = []
        """What the client got, without what came before the example."""
        self._tell(read_line("* opened"))
        for line in before:
            self._tell(read_line(line))
        if not self._steps[0]["event"]["type"].endswith("session.created"):
            self.events.clear()

    def play(self) -> list[Event]:
        """Play all steps; return the session's events."""
        for index, step in enumerate(self._steps):
            event = step["event"]
            if step["dir"] == "client":
                self._send(event)
                continue
            self._n_expected[event["type"]] += 1
            if self._has_come(event["type"]):
                self._learn_ids(event)
            else:
                self._make_come(event, self._steps[index:])
                if self._has_come(event["type"]):
                    self._learn_ids(event)
        return self.events

    def mapped(self, value: object) -> object:
        """Return a value of the example with the session's ids in place of the example's."""
        if isinstance(value, dict):
            return {name: self.mapped(member) for name, member in value.items()}
        if isinstance(value, list):
            return [self.mapped(member) for member in value]
        return self._ids.get(value, value) if isinstance(value, str) else value

    # --- what happens ---

    def _send(self, event: Event) -> None:
        if event["type"] == "input_audio_buffer.append":
            self._tell(read_line("~ silence 320ms"))  # it holds silence
            return
        text = json.dumps(self.mapped(event))
        self._tell(Line(">", f">{text}"))

    def _make_come(self, event: Event, rest: list[Any]) -> None:
        match event["type"]:
            case "input_audio_buffer.speech_started":
                self._tell(read_line(SPEECH))
            case "input_audio_buffer.speech_stopped":
                self._tell(read_line(SILENCE))
            case "input_audio_buffer.committed":
                self._tell(read_line(SILENCE))
                self._tell(read_line("> input_audio_buffer.commit"))
            case "input_audio_buffer.timeout_triggered":
                self._tell(read_line("@ 6s"))
            case "response.created":
                self._tell(read_line("> response.create"))
            case name if name.endswith("input_audio_transcription.delta"):
                self._report(self._last_item(), f"delta {json.dumps(event['delta'])}")
            case name if name.endswith("input_audio_transcription.completed"):
                self._report(self._last_item(), f"transcript {json.dumps(event['transcript'])}")
            case name if "mcp_list_tools" in (
                name.split(".")[0],
                event.get("item", {}).get("type"),
            ):
                self._make_list_come(event)
            case "response.mcp_call.completed" | "response.mcp_call.failed":
                self._make_tool_end(event, rest)
            case _:
                self._make_answer_come(event, rest)

    def _make_list_come(self, event: Event) -> None:
        match event["type"]:
            case "conversation.item.added":
                self._tell(read_line(LIST_DOCS))
                self.events.pop(0)  # session.updated, which the example does not show
            case "conversation.item.done" if event["item"]["tools"]:
                item_id = str(self.mapped(event["item"]["id"]))
                self._report(item_id, f"listed {json.dumps(event['item']['tools'])}")
            case "mcp_list_tools.failed":
                self._report(str(self.mapped(event["item_id"])), "unlisted")
            case _:
                pass

    def _make_tool_end(self, event: Event, rest: list[Any]) -> None:
        done = next(
            step["event"]["item"]
            for step in rest
            if step["event"]["type"] == "conversation.item.done"
        )
        item_id = str(self.mapped(event["item_id"]))
        if done["error"] is None:
            self._report(item_id, f"returned {json.dumps(done['output'])}")
        else:
            self._report(item_id, f"broke message={json.dumps(done['error']['message'])}")

    def _make_answer_come(self, event: Event, rest: list[Any]) -> None:
        self._hear_all(rest)
        ahead = [step["event"] for step in rest if step["dir"] == "server"]
        match event["type"]:
            case "response.output_item.added" if event["item"]["type"] == "function_call":
                self._report(self._jobs[-1], f"call-started {event['item']['name']}")
            case "response.output_item.added" if event["item"]["type"] == "mcp_call":
                self._report(self._jobs[-1], f"call-started {event['item']['name']}")
            case "response.mcp_call_arguments.delta":
                self._report(self._jobs[-1], f"arguments {json.dumps(event['delta'])}")
            case "response.mcp_call_arguments.done":
                self._report(self._jobs[-1], "call-finished")
            case "response.function_call_arguments.delta":
                self._report(self._jobs[-1], f"arguments {json.dumps(event['delta'])}")
            case "response.function_call_arguments.done":
                self._report(self._jobs[-1], "call-finished")
            case "response.output_item.added" | "response.content_part.added":
                self._write(next(one for one in ahead if one["type"].endswith(".delta")))
            case name if name.endswith(".delta"):
                self._write(event)
            case name if name in FINISHES:
                self._finish(next(one for one in ahead if one["type"] == "response.done"))
            case _:
                pass

    def _write(self, delta: Event) -> None:
        if delta["type"].endswith("audio.delta"):
            self._report(self._jobs[-1], f"audio {ANSWER_MS}ms")
        else:
            self._report(self._jobs[-1], f"text {json.dumps(delta['delta'])}")

    def _finish(self, done: Event) -> None:
        details = done["response"]["status_details"] or {}
        match done["response"]["status"]:
            case "completed":
                self._report(self._jobs[-1], "finished")
            case "incomplete":
                self._report(self._jobs[-1], f"finished reason={details['reason']}")
            case "failed":
                self._report(self._jobs[-1], f"failed {details['error']['code']}")
            case _:
                pass

    def _hear_all(self, rest: list[Any]) -> None:
        """Tell what was said, which an answer waits for, before there is any answer."""
        words = next(
            (
                step["event"]["transcript"]
                for step in rest
                if step["event"]["type"].endswith("input_audio_transcription.completed")
            ),
            OTHER_WORDS,
        )
        for event in list(self.events):
            if event["type"] == "input_audio_buffer.committed":
                self._report(event["item_id"], f"transcript {json.dumps(words)}")

    def _report(self, subject: str, words: str) -> None:
        self._tell(read_line(f"* {subject} {words}"))

    def _tell(self, line: Line) -> None:
        for output in self._session.take(line):
            if isinstance(output, StartResponse):
                self._jobs.append(output.request.response_id)
            if isinstance(output, Send):
                self.events += map(json.loads, self._codec.encode(output.event))

    # --- what has happened ---

    def _last_item(self) -> str:
        return next(str(one["item_id"]) for one in reversed(self.events) if "item_id" in one)

    def _has_come(self, name: str) -> bool:
        n_came = [event["type"] for event in self.events].count(name)
        return n_came >= self._n_expected[name]

    def _learn_ids(self, event: Event) -> None:
        same = [one for one in self.events if one["type"] == event["type"]]
        _learn(event, same[self._n_expected[event["type"]] - 1], self._ids)


def _learn(example: object, ours: object, ids: dict[str, str]) -> None:
    if isinstance(example, dict) and isinstance(ours, dict):
        for name in example.keys() & ours.keys():
            if (name == "id" or name.endswith("_id")) and isinstance(ours[name], str):
                ids.setdefault(str(example[name]), ours[name])
            _learn(example[name], ours[name], ids)
    elif isinstance(example, list) and isinstance(ours, list):
        for one, other in zip(example, ours, strict=False):
            _learn(one, other, ids)
