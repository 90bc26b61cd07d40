"""Writes `docs/reference/coverage.md` from the wire types, the table of proofs and the transcripts.

`python -m tests.house_rules.coverage_page` rewrites it; a test fails when it is stale.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import get_args

from tests.house_rules.coverage_table import (
    CLIENT_EVENTS,
    REALTIME,
    SERVER_EVENTS,
    TRANSCRIPTION,
    TRANSLATION_SESSION,
    Row,
)
from vivavoce.protocol.client_events import ClientEvent, TranslationClientEvent
from vivavoce.protocol.server_events import ServerEvent

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "coverage.md"
TRANSCRIPTS = ROOT / "tests" / "transcripts"
N_PROOFS = 3

REST = (
    ("GET (upgrade) /v1/realtime?model=", "GA and [Beta](../how-to/beta-clients.md)"),
    ("GET (upgrade) /v1/realtime?intent=transcription", "[transcribe](../how-to/transcribe.md)"),
    ("GET (upgrade) /v1/realtime?call_id=", "[sideband](../how-to/sideband.md)"),
    ("GET (upgrade) /v1/realtime/translations", "[translate](../how-to/translate.md)"),
    ("POST /v1/realtime/client_secrets", "[ephemeral keys](../how-to/ephemeral-keys.md)"),
    ("POST /v1/realtime/translations/client_secrets", "[translate](../how-to/translate.md)"),
    ("POST /v1/realtime/sessions, /v1/realtime/transcription_sessions", "Beta keys"),
    ("/v1/prompts", "[stored prompts](../how-to/stored-prompts.md) (our own)"),
    ("/v1/files", "[documents](../how-to/documents.md)"),
    ("/v1/vector_stores", "[documents](../how-to/documents.md), searched by sessions too"),
    ("GET /v1/usage", "[usage](../how-to/limits-and-usage.md) (our own)"),
    ("GET /v1/traces", "[traces](../how-to/tracing.md) (our own)"),
    ("GET /v1/models, /v1/models/{id}", "works"),
    ("GET /healthz, /readyz, /metrics", "works (our own)"),
    (
        "POST /v1/realtime/calls",
        "[WebRTC](../how-to/webrtc.md), [telephone](../how-to/telephone.md)",
    ),
    ("POST /v1/realtime/calls/{id}/accept, reject, refer", "[telephone](../how-to/telephone.md)"),
    ("POST /v1/realtime/calls/{id}/hangup", "works"),
    ("POST /v1/realtime/calls with JSON", "[call out](../how-to/telephone.md) (our own)"),
)


def page() -> str:
    """Return the page as it should be."""
    sessions = (
        ("realtime", REALTIME),
        ("transcription", TRANSCRIPTION),
        ("translation", TRANSLATION_SESSION),
    )
    parts = [
        "# Protocol coverage",
        "",
        "What this server does with each word of the wire, and the test that proves it. Generated "
        "(`python -m tests.house_rules.coverage_page`); a test fails for a field that is echoed "
        "and not enacted. GA names; [Beta](../how-to/beta-clients.md) is mapped onto them.",
        "",
        "## Client events",
        "",
        *_events((*get_args(ClientEvent), *get_args(TranslationClientEvent)), CLIENT_EVENTS, ">"),
        "",
        "## Server events",
        "",
        *_events(get_args(ServerEvent), SERVER_EVENTS, "<"),
    ]
    for kind, table in sessions:
        parts += ["", f"## Fields of a {kind} session", "", *_fields(table)]
    parts += ["", "## Addresses", "", "| address | state |", "| --- | --- |"]
    parts += [f"| `{address}` | {state} |" for address, state in REST]
    return "\n".join((*parts, ""))


@cache
def transcripts_of(event: str, mark: str) -> tuple[str, ...]:
    """Name the transcripts with a line for an event of the client (`>`) or the server (`<`)."""
    line = re.compile(rf"^{mark} {re.escape(event)}( |$)", re.MULTILINE)
    paths = sorted(TRANSCRIPTS.glob("*.transcript"))
    return tuple(path.stem for path in paths if line.search(path.read_text()))


def _events(events: tuple[type, ...], table: Mapping[str, Row], mark: str) -> Iterator[str]:
    yield "| event | state | proof |"
    yield "| --- | --- | --- |"
    for name in dict.fromkeys(event.__struct_config__.tag for event in events):  # type: ignore[attr-defined]  # structs
        row = table.get(name)
        if row is None:
            proofs = ", ".join(_link(proof) for proof in transcripts_of(name, mark)[:N_PROOFS])
            yield f"| `{name}` | enacted | {proofs} |"
        else:
            yield f"| `{name}` | {_state(row)} | {_link(row.proof)} |"


def _fields(table: Mapping[str, Row]) -> Iterator[str]:
    yield "| field | state | proof |"
    yield "| --- | --- | --- |"
    for path, row in table.items():
        yield f"| `{path}` | {_state(row)} | {_link(row.proof)} |"


def _state(row: Row) -> str:
    return f"{row.state}: {row.note}" if row.note else row.state


def _link(proof: str) -> str:
    file, _, function = proof.partition("::")
    if function:
        return f"[{Path(file).stem}](../../tests/{file})"
    return f"[{file}](../../tests/transcripts/{file}.transcript)" if file else ""


if __name__ == "__main__":
    PAGE.write_text(page())
