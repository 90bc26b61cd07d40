"""What a Beta connection remembers of its client."""

import json
from typing import Any

import msgspec

from vivavoce.protocol.server_events import ServerEvent
from vivavoce.transports.dialects.beta import BetaCodec

Event = dict[str, Any]
SESSION: Event = {
    "type": "realtime",
    "id": "sess_1",
    "model": "gpt-realtime",
    "output_modalities": ["audio"],
    "instructions": "",
    "expires_at": 5,
    "audio": {
        "input": {"format": {"type": "audio/pcm"}},
        "output": {"format": {"type": "audio/pcm"}, "voice": "alloy"},
    },
}
SPEECH: Event = {
    "type": "message",
    "id": "item_1",
    "role": "user",
    "content": [{"type": "input_audio", "transcript": None}],
}
HEARING = "conversation.item.input_audio_transcription"


def sent(codec: BetaCodec, name: str, **members: object) -> list[Event]:
    """Return what the client gets of a GA event."""
    event = {"type": name, "event_id": "event_1", **members}
    texts = codec.encode(msgspec.convert(event, ServerEvent))
    return [json.loads(text) for text in texts]


def update(codec: BetaCodec, **session: object) -> None:
    codec.decode(json.dumps({"type": "session.update", "session": session}).encode())


def modalities(codec: BetaCodec, *asked: str) -> list[str]:
    session = SESSION | {"output_modalities": list(asked)}
    (event,) = sent(codec, "session.updated", session=session)
    found: list[str] = event["session"]["modalities"]
    return found


def test_modalities_come_back_as_they_were_given() -> None:
    codec = BetaCodec()
    assert modalities(codec, "audio") == ["audio", "text"]

    update(codec, modalities=["text", "audio"])
    assert modalities(codec, "audio") == ["text", "audio"]

    update(codec, modalities=["text"])
    assert modalities(codec, "text") == ["text"]
    assert modalities(codec, "audio") == ["text", "audio"]

    update(codec, voice="ash")
    assert modalities(codec, "audio") == ["text", "audio"]


def test_one_connection_knows_nothing_of_another() -> None:
    update(BetaCodec(), modalities=["text", "audio"])

    assert modalities(BetaCodec(), "audio") == ["audio", "text"]


def delta(codec: BetaCodec, words: str) -> list[Event]:
    return sent(codec, f"{HEARING}.delta", item_id="item_1", content_index=0, delta=words)


def types(events: list[Event]) -> list[str]:
    return [event["type"] for event in events]


def test_words_wait_for_the_item_in_which_they_were_said() -> None:
    codec = BetaCodec()

    assert delta(codec, "Hel") == []
    assert delta(codec, "lo") == []
    created = sent(codec, "conversation.item.added", previous_item_id=None, item=SPEECH)

    assert types(created) == ["conversation.item.created", f"{HEARING}.delta", f"{HEARING}.delta"]
    assert [event["delta"] for event in created[1:]] == ["Hel", "lo"]
    assert types(delta(codec, "!")) == [f"{HEARING}.delta"]


def test_words_of_speech_that_becomes_no_item_come_with_its_transcript() -> None:
    codec = BetaCodec()
    delta(codec, "Hello")

    ended = sent(
        codec,
        f"{HEARING}.completed",
        item_id="item_1",
        content_index=0,
        transcript="Hello",
        usage={"type": "duration", "seconds": 1.0},
    )

    assert types(ended) == [f"{HEARING}.delta", f"{HEARING}.completed"]


def test_words_of_a_cleared_buffer_are_forgotten() -> None:
    codec = BetaCodec()
    delta(codec, "Hello")

    assert types(sent(codec, "input_audio_buffer.cleared")) == ["input_audio_buffer.cleared"]
    created = sent(codec, "conversation.item.added", previous_item_id=None, item=SPEECH)

    assert types(created) == ["conversation.item.created"]
