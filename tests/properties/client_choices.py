"""What a client may send, wisely or not, as JSON with places for ids of the session at hand."""

from collections.abc import Sequence

from hypothesis import strategies as st

SOUND = "AAAAAAAA" * 8
"""Base64 of 1 ms of 24 kHz silence."""
OWN_IDS = ("mine", "yours", "mine#1", "root")

Json = dict[str, object]


def item_events(item_ids: Sequence[str]) -> st.SearchStrategy[Json]:
    """What changes or looks at items; ids exist, never did, or are made up by the client."""
    ids = _ids(item_ids)
    return st.one_of(
        _event("conversation.item.create", item=items(item_ids)),
        _event("conversation.item.create", item=items(item_ids), previous_item_id=ids),
        _event("conversation.item.retrieve", item_id=ids),
        _event("conversation.item.delete", item_id=ids),
        _event(
            "conversation.item.truncate",
            item_id=ids,
            content_index=st.sampled_from([0, 0, 0, 1, -1]),
            audio_end_ms=st.sampled_from([0, 0, 10, 100, 100_000, -1]),
        ),
    )


def response_events(
    item_ids: Sequence[str], response_ids: Sequence[str]
) -> st.SearchStrategy[Json]:
    """What asks for responses and ends them."""
    return st.one_of(
        _plain("response.create"),
        _event("response.create", response=_responses(item_ids)),
        _event("response.create", response=_responses(item_ids)),
        _plain("response.cancel"),
        _event("response.cancel", response_id=st.sampled_from([*response_ids, "nothing"])),
    )


def buffer_events() -> st.SearchStrategy[Json]:
    """What has no fields."""
    names = ["input_audio_buffer.commit", "input_audio_buffer.clear", "output_audio_buffer.clear"]
    return st.sampled_from(names).map(lambda name: {"type": name})


def session_updates() -> st.SearchStrategy[Json]:
    """Updates that are accepted, refused or wrong."""
    return _event("session.update", session=_sessions())


def _ids(item_ids: Sequence[str]) -> st.SearchStrategy[str]:
    return st.sampled_from([*item_ids, *item_ids, *OWN_IDS])


def _plain(name: str) -> st.SearchStrategy[Json]:
    return st.just({"type": name})


def _event(name: str, **fields: st.SearchStrategy[object]) -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries({"type": st.just(name), **fields})


def _sessions() -> st.SearchStrategy[Json]:
    detection = st.sampled_from(
        [
            None,
            {"type": "server_vad"},
            {"type": "server_vad", "create_response": False},
            {"type": "server_vad", "interrupt_response": False},
            {"type": "server_vad", "idle_timeout_ms": 5000, "silence_duration_ms": 200},
            {"type": "server_vad", "silence_duration_ms": 0, "prefix_padding_ms": 9000},
            {"type": "semantic_vad"},
            {"type": "semantic_vad", "eagerness": "high", "create_response": False},
        ]
    )
    audio_input = st.fixed_dictionaries(
        {},
        optional={
            "turn_detection": detection,
            "transcription": st.sampled_from([None, {"model": "whisper-1"}, {"language": "en"}]),
            "format": st.sampled_from([{"type": "audio/pcm"}, {"type": "audio/pcmu"}]),
            "noise_reduction": st.sampled_from([None, {"type": "far_field", "strength": 0.5}]),
        },
    )
    audio_output = st.fixed_dictionaries(
        {},
        optional={
            "voice": st.sampled_from(["alloy", "marin", "nobody"]),
            "format": st.sampled_from([{"type": "audio/pcm"}, {"type": "audio/pcma"}]),
        },
    )
    truncation = st.sampled_from(
        [
            "auto",
            "disabled",
            {"type": "retention_ratio", "retention_ratio": 0.5},
            {
                "type": "retention_ratio",
                "retention_ratio": 0.0,
                "token_limits": {"post_instructions": 5},
            },
        ]
    )
    return st.fixed_dictionaries(
        {"type": st.just("realtime")},
        optional={
            "instructions": st.sampled_from(["", "Be brief."]),
            "output_modalities": st.sampled_from([["text"], ["audio"]]),
            "tools": st.sampled_from([[], [{"type": "function", "name": "f"}]]),
            "tool_choice": st.sampled_from(["auto", {"type": "function", "name": "f"}]),
            "max_output_tokens": st.sampled_from(["inf", 3]),
            "truncation": truncation,
            "include": st.sampled_from([None, ["item.input_audio_transcription.logprobs"]]),
            "audio": st.fixed_dictionaries(
                {}, optional={"input": audio_input, "output": audio_output}
            ),
        },
    )


def items(item_ids: Sequence[str]) -> st.SearchStrategy[Json]:
    """Items, some of them refused."""
    ids = _ids(item_ids)
    user_parts = st.lists(
        st.sampled_from(
            [
                {"type": "input_text", "text": "Hello"},
                {"type": "input_audio", "audio": SOUND},
                {"type": "input_audio", "audio": SOUND, "transcript": "Hello"},
                {"type": "output_text", "text": "refused"},
            ]
        ),
        max_size=3,
    )
    call_ids = st.sampled_from(["call_1", "call_2", "call_x"])
    return st.one_of(
        _item("message", ids, role=st.just("user"), content=user_parts),
        _item("message", ids, role=st.just("user"), content=user_parts),
        _item(
            "message",
            ids,
            role=st.just("assistant"),
            content=st.just([{"type": "output_text", "text": "Hi"}]),
        ),
        _item("function_call", ids, name=st.just("f"), arguments=st.just("{}"), call_id=call_ids),
        _item("function_call_output", ids, call_id=call_ids, output=st.just("1")),
    )


def _item(
    kind: str, ids: st.SearchStrategy[str], **fields: st.SearchStrategy[object]
) -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries({"type": st.just(kind), **fields}, optional={"id": ids})


def _responses(item_ids: Sequence[str]) -> st.SearchStrategy[Json]:
    references = _ids(item_ids).map(lambda item_id: {"type": "item_reference", "id": item_id})
    return st.fixed_dictionaries(
        {},
        optional={
            "conversation": st.sampled_from(["none", "auto"]),
            "input": st.lists(st.one_of(references, items(item_ids)), max_size=3),
            "output_modalities": st.sampled_from([["text"], ["audio"]]),
            "max_output_tokens": st.sampled_from(["inf", 3]),
            "tools": st.sampled_from([[], [{"type": "function", "name": "f"}]]),
        },
    )
