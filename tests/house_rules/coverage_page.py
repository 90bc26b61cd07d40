"""Writes `docs/reference/coverage.md` from the wire types and the transcripts that use them.

`python -m tests.house_rules.coverage_page` rewrites it; a test fails when it is stale.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import msgspec

from vivavoce.core.options import SessionOptions
from vivavoce.core.settings import initial_session
from vivavoce.protocol.client_events import ClientEvent
from vivavoce.protocol.server_events import ServerEvent

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "coverage.md"
TRANSCRIPTS = ROOT / "tests" / "transcripts"

ELSEWHERE = {
    "input_audio_buffer.append": "works: [transport tests](../../tests/transports/)",
    "conversation.created": "left out on purpose: not sent by the hosted service in GA",
    "rate_limits.updated": "works, where there are limits: [api tests](../../tests/api/)",
    "output_audio_buffer.clear": "refused: only with WebRTC and SIP, not yet",
    "vivavoce.turn.timing": "works, with `?extensions=1`: [runtime tests](../../tests/runtime/)",
    "vivavoce.session.resumable": "works, with `?resume=1`: [resume](../how-to/resume.md)",
    "vivavoce.session.resumed": "works, with `?resume=TOKEN`: [resume](../how-to/resume.md)",
}
REFUSED_FIELDS = {
    "reasoning": "refused: the language model does not reason",
}
FIELD_NOTES = {
    "tools": "function tools; MCP tools are refused",
    "tool_choice": "`auto`, `none`, `required`, a named function",
    "model": "every name of the reference; another one in an update is ignored, as by the service",
    "audio.input.turn_detection": "`server_vad` and `semantic_vad` with all their fields, null",
    "audio.input.noise_reduction": "both types; `strength` from 0 to 2",
    "audio.input.transcription": "`model`, `language`, `prompt`; newer keys refused",
    "audio.output.voice": "ten names; custom voices refused",
    "prompt": "of `/v1/prompts`; variables are text, images and files are refused",
    "include": "`item.input_audio_transcription.logprobs`",
    "truncation": "`auto`, `disabled`, `retention_ratio` with `token_limits`",
    "parallel_tool_calls": "accepted; several calls in one response are always possible",
}
REST = (
    ("GET (upgrade) /v1/realtime?model=", "works"),
    ("GET /v1/models, /v1/models/{id}", "works"),
    ("GET /v1/usage, /v1/traces, /v1/traces/{session_id}", "works (our own)"),
    ("GET /healthz, /readyz, /metrics", "works (our own)"),
    ("GET (upgrade) /v1/realtime?intent=transcription, ?call_id=", "refused"),
    (
        "POST /v1/realtime/client_secrets, /v1/realtime/sessions, "
        "/v1/realtime/transcription_sessions",
        "works: [ephemeral keys](../how-to/ephemeral-keys.md)",
    ),
    (
        "GET, POST /v1/prompts; GET, DELETE /v1/prompts/{id}",
        "works (our own): [stored prompts](../how-to/stored-prompts.md)",
    ),
    ("POST /v1/realtime/calls", "not yet"),
    ("GET (upgrade) /v1/realtime/translations", "not yet"),
)


def page() -> str:
    """Return the page as it should be."""
    return "\n".join(
        (
            "# Protocol coverage",
            "",
            "Generated from the wire types and the transcripts that prove them "
            "(`python -m tests.house_rules.coverage_page`). GA dialect, realtime sessions.",
            "",
            "## Client events",
            "",
            *_events(ClientEvent, ">"),
            "",
            "## Server events",
            "",
            *_events(ServerEvent, "<"),
            "",
            "## Session fields",
            "",
            *_fields(),
            "",
            "## Addresses",
            "",
            "| address | state |",
            "| --- | --- |",
            *(f"| `{address}` | {state} |" for address, state in REST),
            "",
        )
    )


def _events(union: object, mark: str) -> Iterator[str]:
    yield "| event | state | proof |"
    yield "| --- | --- | --- |"
    for struct in get_args(union):
        name = struct.__struct_config__.tag
        proofs = _proofs(name, mark)
        links = ", ".join(f"[{p.stem}](../../tests/transcripts/{p.name})" for p in proofs[:3])
        state = ELSEWHERE.get(name) or ("works" if proofs else "not yet")
        yield f"| `{name}` | {state} | {links} |"


def _proofs(name: str, mark: str) -> list[Path]:
    line = re.compile(rf"^{mark} {re.escape(name)}( |$)", re.MULTILINE)
    return [
        path for path in sorted(TRANSCRIPTS.glob("*.transcript")) if line.search(path.read_text())
    ]


def _fields() -> Iterator[str]:
    yield "| field | state |"
    yield "| --- | --- |"
    session = msgspec.to_builtins(initial_session(SessionOptions(), "sess_1", 0))
    session |= {"reasoning": None, "parallel_tool_calls": True}
    for name in _names(session):
        state = REFUSED_FIELDS.get(name) or "works"
        note = f": {FIELD_NOTES[name]}" if name in FIELD_NOTES else ""
        yield f"| `{name}` | {state}{note} |"


def _names(table: dict[str, object], prefix: str = "") -> Iterator[str]:
    for name, value in table.items():
        path = f"{prefix}{name}"
        if isinstance(value, dict) and path in ("audio", "audio.input", "audio.output"):
            yield from _names(value, f"{path}.")
        else:
            yield path


if __name__ == "__main__":
    PAGE.write_text(page())
