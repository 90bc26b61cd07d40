"""The session makes the events of the example sequences, in their order and with their members.

Left out of the comparison of order: how many deltas there are and in which order those of text and
sound mix, `rate_limits.updated` (no limits here), and transcription events, which may come at any
time.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import pytest

from tests.examples.flows import FLOWS, events_of, is_beta
from tests.examples.player import LIST_DOCS, Player
from vivavoce.protocol.beta_session import DEFAULT_TEMPERATURE

UNORDERED = ("rate_limits.updated", "conversation.item.input_audio_transcription")
IDLE = (
    '> session.update session={"type": "realtime", "audio": {"input":'
    ' {"turn_detection": {"type": "server_vad", "idle_timeout_ms": 5000}}}}'
)
ANSWER = ["> response.create", '* resp_1 text "Hi."', "* resp_1 audio 400ms"]
LISTED = '* item_1 listed [{"name": "lookup"}]'
FREE_DOCS = LIST_DOCS.replace("always", "never")
BEFORE: dict[str, list[str]] = {
    "mcp_call_no_approval": [FREE_DOCS, LISTED],
    "mcp_call_failed": [FREE_DOCS, LISTED],
    "mcp_call_with_approval": [LIST_DOCS, LISTED],
    "text_turn": ['> session.update session.type=realtime session.output_modalities=["text"]'],
    "active_response_error": ["> response.create"],
    "idle_timeout": [IDLE, *ANSWER, "* resp_1 finished"],
    "out_of_band": [
        '> conversation.item.create item={"id": "item_U10000000000000000000", "type": "message",'
        ' "role": "user", "content": [{"type": "input_text", "text": "Hello"}]}'
    ],
    "item_edits": [
        "> conversation.item.create item="
        + json.dumps(events_of("item_edits", "server")[2]["item"])
    ],
}
"""What the examples take for granted, as lines of a transcript."""


def _configured(transcription: dict[str, str]) -> dict[str, object]:
    return {"type": "transcription", "audio": {"input": {"transcription": transcription}}}


NOT_PLAYED = {
    "playback_webrtc": "the peer's playback is the transport's to report",
    "barge_in_webrtc": "the peer's playback is the transport's to report",
    "client_interrupt_webrtc": "the peer's playback is the transport's to report",
    "dtmf_sip": "keys are pressed on a telephone",
    "translation_session": "translation sessions have rules of their own",
    "common_errors": "errors without the events that cause them",
}
"""Their events are decoded and encoded (`tests/protocol/test_examples.py`), no more."""

MCP_FLOWS = [flow for flow in FLOWS if flow.startswith("mcp_")]
VOLATILE = {
    # made anew each time
    "event_id",
    "expires_at",
    "previous_item_id",  # of items that the example takes for granted
    # measured
    "audio_start_ms",
    "audio_end_ms",
    "usage",
    # the operator's
    "model",
    "instructions",
    "silence_duration_ms",
    # cut differently; the whole is compared in the events that end them
    "delta",
    # nothing but words
    "message",
}
"""Members whose values are not compared."""
DIFFERENT = {
    # The client is given back the modalities as it wrote them (70-beta-vs-ga, section 4).
    ("beta_audio_turn", "session.modalities"),
    ("beta_audio_turn", "response.modalities"),
    # A text answer is no spoken one; the example has the session's modalities.
    ("beta_text_turn", "response.modalities"),
    # The SDK's types of MCP items have no `object`.
    *((flow, "item.object") for flow in MCP_FLOWS),
    *((flow, "response.output.object") for flow in MCP_FLOWS if "call" in flow),
    # Beta's type has no name (70-beta-vs-ga); it came with the item.
    ("beta_function_call", "name"),
    # An update that leaves the prompt away leaves none (20-session-config, section 1).
    ("transcription_session", "session.audio.input.transcription.prompt"),
}
"""By flow: what differs on purpose."""


TRANSCRIPTION = {
    "transcription_session": _configured(
        {"model": "gpt-4o-transcribe", "language": "en", "prompt": ""}
    ),
    "beta_transcription_session": _configured({"model": "gpt-4o-transcribe"}),
}
"""What is bound to the keys of these sessions."""


def test_every_example_is_played_or_has_a_reason() -> None:
    assert len(FLOWS) == 31
    assert NOT_PLAYED.keys() < FLOWS.keys()


@pytest.mark.parametrize("flow", [flow for flow in FLOWS if flow not in NOT_PLAYED])
def test_the_session_makes_the_events_of_the_example(flow: str) -> None:
    player = Player(flow, _options(flow), BEFORE.get(flow, []))
    hosted = events_of(flow, "server")

    sent = player.play()

    assert ordered(_types(sent)) == ordered(_types(hosted))
    found = {path for one, other in pairs(hosted, sent) for path in different(one, other, player)}
    assert found == {path for name, path in DIFFERENT if name == flow}


def _options(flow: str) -> dict[str, object]:
    options: dict[str, object] = {}
    if is_beta(flow):
        options |= {"temperature": DEFAULT_TEMPERATURE, "announces_conversation": True}
    if flow == "image_input":
        options["pictures"] = {"use": "seen"}
    if "transcription_session" in flow:
        options |= {"kind": "transcription", "configured": TRANSCRIPTION[flow]}
    return options


def _types(events: Sequence[Any]) -> list[str]:
    return [event["type"] for event in events]


def ordered(types: Sequence[str]) -> list[set[str]]:
    """Return the types in order; deltas that follow each other as one set."""
    kept = [name for name in types if not name.startswith(UNORDERED)]
    groups = groupby(kept, key=lambda name: "delta" if name.endswith(".delta") else name)
    return [
        group
        for name, names in groups
        for group in ([set(names)] if name == "delta" else [{one} for one in names])
    ]


def pairs(hosted: Sequence[Any], sent: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
    """Return the first event of a type in both, the second in both, and so on."""
    by_type = defaultdict(list)
    for event in sent:
        by_type[event["type"]].append(event)
    for event in hosted:
        if by_type[event["type"]]:
            yield event, by_type[event["type"]].pop(0)


def different(hosted: Any, sent: Any, player: Player, path: str = "") -> Iterator[str]:
    """List the wire paths at which an event is another than the example's."""
    if isinstance(hosted, dict) and isinstance(sent, dict):
        for name in hosted.keys() | sent.keys():
            if name in VOLATILE:
                continue
            if name not in hosted or name not in sent:
                yield f"{path}{name}"
            else:
                yield from different(hosted[name], sent[name], player, f"{path}{name}.")
    elif isinstance(hosted, list) and isinstance(sent, list) and len(hosted) == len(sent):
        for one, other in zip(hosted, sent, strict=True):
            yield from different(one, other, player, path)
    elif player.mapped(hosted) != sent:
        yield path.removesuffix(".")
