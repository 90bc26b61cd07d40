"""The echo is the effect: a session does what it shows, whatever was set, in whatever order.

A client changes the fields of its session ten thousand times. After each update what the session
echoes is compared with how it would make an answer, and every so often with how it hears a turn and
cuts its context. Updates that are refused change neither.
"""

from random import Random
from typing import Any

import msgspec

from tests.properties.effects import (
    Watched,
    effect_on_context,
    effects_on_answers,
    effects_on_turns,
    of_kind,
)
from vivavoce.core.inputs import ClientSent, SessionOpened
from vivavoce.core.options import SessionOptions
from vivavoce.core.session import Session
from vivavoce.errors import ProtocolError
from vivavoce.ids import counting_ids
from vivavoce.interfaces import TranscriberAbilities
from vivavoce.protocol.codec import decode_client_event
from vivavoce.protocol.server_events import ErrorEvent, SessionCreated, SessionUpdated
from vivavoce.testing.tool_reports import check_server

N_UPDATES = 10_000
TURN_EVERY = 40
CONTEXT_EVERY = 25
OPTIONS = SessionOptions(
    prepare_after_ms=None,
    max_duration_s=1e9,
    voices=("alloy", "marin"),
    custom_voices=True,
    reasoning_efforts=("low", "high"),
    has_turn_judge=True,
    transcriber=TranscriberAbilities(prompt=True, keywords=True, logprobs=True, languages=None),
)

FUNCTION = {"type": "function", "name": "f", "description": "", "parameters": {"type": "object"}}
OTHER = {**FUNCTION, "name": "g"}
SERVER = {"type": "mcp", "server_label": "home", "server_url": "https://home.example"}
READING = {**SERVER, "allowed_tools": {"read_only": True}, "authorization": "secret"}
LOOKING = {**SERVER, "allowed_tools": ["look"], "require_approval": "never"}
SAME_NAME = {**FUNCTION, "name": "look"}
FORMATS = [{"type": "audio/pcm", "rate": 24000}, {"type": "audio/pcmu"}, {"type": "audio/pcma"}]
VAD: dict[str, list[Any]] = {
    "threshold": [0.2, 0.5, 0.9],
    "prefix_padding_ms": [0, 300, 1500],
    "silence_duration_ms": [200, 500, 700],
    "idle_timeout_ms": [None, 5000, 30_000, 4999],
    "create_response": [True, False],
    "interrupt_response": [True, False],
}
SEMANTIC: dict[str, list[Any]] = {
    "eagerness": ["low", "medium", "high", "auto"],
    "create_response": [True, False],
    "interrupt_response": [True, False],
}
TOP: dict[str, list[Any]] = {
    "output_modalities": [["audio"], ["text"], ["audio", "text"]],
    "instructions": ["Be brief.", "", "Rhyme."],
    "tools": [
        [],
        [FUNCTION],
        [FUNCTION, OTHER],
        [SERVER],
        [OTHER, READING],
        [LOOKING, SAME_NAME],
        [SERVER, {**SERVER, "connector_id": "connector_gmail"}],
    ],
    "tool_choice": [
        "auto",
        "none",
        "required",
        {"type": "function", "name": "g"},
        {"type": "mcp", "server_label": "home"},
        {"type": "mcp", "server_label": "home", "name": "look"},
    ],
    "max_output_tokens": [1, 4096, "inf", 0],
    "parallel_tool_calls": [True, False],
    "reasoning": [{"effort": "low"}, {"effort": "high"}, {"effort": "minimal"}, None],
    "truncation": [
        "auto",
        "disabled",
        {"type": "retention_ratio", "retention_ratio": 0.9},
        {"type": "retention_ratio", "retention_ratio": 0.5},
        {
            "type": "retention_ratio",
            "retention_ratio": 1.0,
            "token_limits": {"post_instructions": 3500},
        },
    ],
    "include": [None, ["item.input_audio_transcription.logprobs"]],
    "temperature": [0.8],
}
INPUT: dict[str, list[Any]] = {
    "format": FORMATS,
    "transcription": [
        None,
        {"model": "whisper-1"},
        {"model": "gpt-4o-transcribe", "language": "en"},
        {"model": "whisper-1", "prompt": "Vivavoce"},
        {"model": "nobody"},
    ],
    "noise_reduction": [
        None,
        {"type": "near_field"},
        {"type": "far_field", "strength": 0.5},
        {"type": "far_field", "strength": 3},
    ],
}
OUTPUT: dict[str, list[Any]] = {
    "format": FORMATS,
    "voice": ["alloy", "marin", {"id": "voice_1"}, "nobody"],
    "speed": [0.25, 1.0, 1.5, 2.0],
}


def some(choices: dict[str, list[Any]], random: Random) -> dict[str, Any]:
    names = random.sample(sorted(choices), random.randint(1, 3))
    return {name: random.choice(choices[name]) for name in names}


def update(random: Random) -> dict[str, Any]:
    session: dict[str, Any] = {"type": "realtime", **some(TOP, random)}
    if random.random() < 0.9:
        # Most updates are all right: one wrong member would refuse the whole.
        session.pop("temperature", None)
    audio: dict[str, Any] = {}
    if random.random() < 0.6:
        audio["input"] = some(INPUT, random)
    if random.random() < 0.5:
        kind, members = random.choice((("server_vad", VAD), ("semantic_vad", SEMANTIC)))
        detection = {"type": kind, **some(members, random)}
        audio.setdefault("input", {})["turn_detection"] = random.choice(
            (detection, detection, None)
        )
    if random.random() < 0.6:
        audio["output"] = some(OUTPUT, random)
    return {**session, "audio": audio} if audio else session


def shown(event: SessionCreated | SessionUpdated) -> dict[str, Any]:
    echo: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(event.session))
    return echo


def promised_tools(echo: dict[str, Any]) -> tuple[list[str], str]:
    """What the echo says of the tools an answer is offered, and of which it must call."""
    functions = [tool["name"] for tool in echo["tools"] if tool["type"] == "function"]
    of_server: dict[str, str] = {}
    for tool in echo["tools"]:
        if tool["type"] == "mcp":
            names = ["look"] if "allowed_tools" in tool else ["look", "erase"]
            of_server = {name: f"home__{name}" if name in functions else name for name in names}
    choice = echo["tool_choice"]
    if isinstance(choice, str):
        return functions + list(of_server.values()), choice
    if choice["type"] == "function":
        return functions + list(of_server.values()), f"function:{choice['name']}"
    chosen = [of_server["look"]] if "name" in choice else list(of_server.values())
    return chosen, f"function:{chosen[0]}" if len(chosen) == 1 else "required"


def promised_of_answers(echo: dict[str, Any]) -> dict[str, object]:
    """What the echo says of how answers are made, in the words of `effects_on_answers`."""
    output, heard = echo["audio"]["output"], echo["audio"]["input"]
    tools, choice = promised_tools(echo)
    detection = heard["turn_detection"] or {}
    voice = output["voice"]
    return {
        "output_modalities": echo["output_modalities"],
        "instructions": echo["instructions"],
        "tools": tools,
        "tool_choice": choice,
        "max_output_tokens": echo["max_output_tokens"],
        "parallel_tool_calls": echo.get("parallel_tool_calls", True),
        "reasoning": echo["reasoning"]["effort"],
        "voice": voice if isinstance(voice, str) else voice["id"],
        "speed": output["speed"],
        "output_format": output["format"],
        "input_format": heard["format"],
        "noise_reduction": heard["noise_reduction"],
        "idle_timeout_ms": detection.get("idle_timeout_ms"),
    }


def promised_of_turns(echo: dict[str, Any]) -> dict[str, object]:
    """What the echo says of how turns are heard, in the words of `effects_on_turns`."""
    heard = echo["audio"]["input"]
    detection, asked = heard["turn_detection"], heard["transcription"] or {}
    is_semantic = detection["type"] == "semantic_vad"
    longest = {"low": 8000, "medium": 4000, "auto": 4000, "high": 2000}
    silence_ms = (
        longest[detection["eagerness"]] if is_semantic else detection["silence_duration_ms"]
    )
    return {
        "padding_ms": detection.get("prefix_padding_ms", 300),
        "silence_ms": -(-silence_ms // 32) * 32,  # told by frames of 32 ms
        "audio_end_ms_is_now": True,
        "create_response": detection["create_response"],
        "interrupt_response": detection["interrupt_response"],
        "is_transcribed": bool(asked),
        "model": asked.get("model"),
        "language": asked.get("language"),
        "prompt": asked.get("prompt"),
        "logprobs": bool(asked) and bool(echo["include"]),
        "is_judged": is_semantic,
    }


def promised_of_context(echo: dict[str, Any]) -> int | None:
    """How many of four messages too big for the window the echo says are shown."""
    match echo["truncation"]:
        case "disabled":
            return None
        case {"retention_ratio": 0.9}:
            return 2
        case _:
            return 1


def test_ten_thousand_updates_in_random_order_do_what_they_show() -> None:
    random = Random(7)
    session = Session(OPTIONS, new_id=counting_ids(), check_server=check_server)
    watched = Watched(session)
    (created,) = of_kind(watched.tell(SessionOpened(wall_s=0)), SessionCreated)
    echo: dict[str, Any] = shown(created)
    n_refused = 0
    for number in range(N_UPDATES):
        event = {"type": "session.update", "session": update(random)}
        try:
            outputs = watched.tell(ClientSent(decode_client_event(msgspec.json.encode(event))))
        except ProtocolError:
            n_refused += 1  # it is refused before it reaches the session
            continue
        accepted = list(of_kind(outputs, SessionUpdated))
        if accepted:
            echo = shown(accepted[0])
        else:
            assert list(of_kind(outputs, ErrorEvent))
            n_refused += 1
        assert effects_on_answers(watched) == promised_of_answers(echo), event
        if number % CONTEXT_EVERY == 0:
            assert effect_on_context(watched) == promised_of_context(echo), echo["truncation"]
        detection = echo["audio"]["input"]["turn_detection"]
        if number % TURN_EVERY == 0 and detection is not None:
            threshold = detection.get("threshold", 0.5)
            assert effects_on_turns(watched, threshold) == promised_of_turns(echo), event
    assert N_UPDATES * 0.2 < n_refused < N_UPDATES * 0.8  # both kinds were tried
