"""The session makes the events of the hosted service's flows, in its order.

Left out of the comparison: how many deltas there are and in which order those of text and sound
mix, `rate_limits.updated` (no limits here), and transcription events, which may come at any time.
"""

import json
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import pytest

from vivavoce.core.outputs import Send
from vivavoce.testing.transcript_lines import read_line
from vivavoce.testing.transcript_session import TranscriptSession

FLOWS = json.loads((Path(__file__).parents[1] / "protocol" / "examples.json").read_text())["flows"]
UNORDERED = ("rate_limits.updated", "conversation.item.input_audio_transcription")
HELLO = (
    '> conversation.item.create item={"type": "message", "role": "user",'
    ' "content": [{"type": "input_text", "text": "Hello"}]}'
)
TURN = ["~ speech 640ms", "~ silence 512ms"]
ANSWER = ['* resp_1 text "Hi."', "* resp_1 audio 400ms"]
CALL = '* resp_1 call get_weather {"city": "Oslo"}'
NO_TURN_DETECTION = (
    '> session.update session={"type": "realtime", "audio": {"input": {"turn_detection": null}}}'
)
IDLE = (
    '> session.update session={"type": "realtime", "audio": {"input":'
    ' {"turn_detection": {"type": "server_vad", "idle_timeout_ms": 5000}}}}'
)
STORIES: dict[str, tuple[list[str], list[str]]] = {
    "connect_and_configure": (
        [],
        ["* opened", '> session.update session={"type": "realtime", "instructions": "Be brief."}'],
    ),
    "text_turn": (
        ['> session.update session.type=realtime session.output_modalities=["text"]'],
        [HELLO, "> response.create", '* resp_1 text "Hi."', "* resp_1 finished"],
    ),
    "audio_turn_server_vad_with_transcription": (
        [],
        [*TURN, '* item_1 transcript "Hello."', *ANSWER, "* resp_1 finished"],
    ),
    "push_to_talk": (
        [],
        [
            NO_TURN_DETECTION,
            "> input_audio_buffer.clear",
            "~ speech 640ms",
            "> input_audio_buffer.commit",
            "> response.create",
            '* item_1 transcript "Hello."',
            *ANSWER,
            "* resp_1 finished",
        ],
    ),
    "barge_in_websocket": (
        [],
        [
            "> response.create",
            *ANSWER,
            "~ speech 640ms",
            "> conversation.item.truncate item_id=item_1 content_index=0 audio_end_ms=100",
            "~ silence 512ms",
            '* item_2 transcript "Wait."',
            '* resp_2 text "Yes?"',
            "* resp_2 audio 200ms",
            "* resp_2 finished",
        ],
    ),
    "client_cancel": (
        [],
        ["> response.create", *ANSWER, "> response.cancel", "> response.cancel"],
    ),
    "function_call": (
        [],
        [
            "> response.create",
            CALL,
            "* resp_1 finished",
            '> conversation.item.create item={"type": "function_call_output",'
            ' "call_id": "call_1", "output": "cold"}',
            "> response.create",
            '* resp_2 text "It is cold."',
            "* resp_2 audio 400ms",
            "* resp_2 finished",
        ],
    ),
    "parallel_function_calls": ([], ["> response.create", CALL, CALL, "* resp_1 finished"]),
    "out_of_band": (
        [],
        [
            '> response.create response={"conversation": "none", "output_modalities": ["text"]}',
            '* resp_1 text "friendly"',
            "* resp_1 finished",
        ],
    ),
    "active_response_error": (["> response.create"], ["> response.create"]),
    "item_edits": (
        [],
        [
            HELLO,
            "> conversation.item.retrieve item_id=item_1",
            "> conversation.item.delete item_id=item_1",
        ],
    ),
    "idle_timeout": (
        [IDLE, "> response.create", *ANSWER, "* resp_1 finished"],
        ["@ 6s", '* resp_2 text "Still there?"', "* resp_2 audio 400ms", "* resp_2 finished"],
    ),
    "max_output_tokens": (
        [],
        ["> response.create", *ANSWER, "* resp_1 finished reason=max_output_tokens"],
    ),
    "failed_response": ([], ["> response.create", "* resp_1 failed engine_error"]),
}
"""By flow: what happens before it, and what happens in it."""


@pytest.mark.parametrize("flow", STORIES)
def test_events_come_in_the_order_of_the_hosted_service(flow: str) -> None:
    before, story = STORIES[flow]
    session = TranscriptSession({"prepare_after_ms": None})
    for line in before:
        session.take(read_line(line))

    outputs = [output for line in story for output in session.take(read_line(line))]

    sent = [output.event.__struct_config__.tag for output in outputs if isinstance(output, Send)]
    hosted = [step["event"]["type"] for step in FLOWS[flow] if step["dir"] == "server"]
    assert ordered(sent) == ordered(hosted)


def ordered(types: Sequence[object]) -> list[set[object]]:
    """Return the types in order; deltas that follow each other as one set."""
    kept = [name for name in types if not str(name).startswith(UNORDERED)]
    groups = groupby(kept, key=lambda name: "delta" if str(name).endswith(".delta") else name)
    return [
        group
        for name, names in groups
        for group in ([set(names)] if name == "delta" else [{one} for one in names])
    ]
