"""Honesty, checked by machine: what is echoed is enacted, and each word of the wire has a proof."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import get_args

import pytest
from msgspec import inspect

from tests.house_rules.coverage_page import transcripts_of
from tests.house_rules.coverage_table import (
    CLIENT_EVENTS,
    ECHO,
    REALTIME,
    SERVER_EVENTS,
    TRANSCRIPTION,
    TRANSLATION_SESSION,
    Row,
)
from tests.properties.test_echo_is_effect import INPUT, OUTPUT, SEMANTIC, TOP, VAD
from vivavoce.protocol.client_events import ClientEvent, TranslationClientEvent
from vivavoce.protocol.server_events import ServerEvent
from vivavoce.protocol.session import RealtimeSession, TranscriptionSession, TranslationSession

TESTS = Path(__file__).parents[1]
SESSIONS = (
    (RealtimeSession, REALTIME),
    (TranscriptionSession, TRANSCRIPTION),
    (TranslationSession, TRANSLATION_SESSION),
)
TABLES = (REALTIME, TRANSCRIPTION, TRANSLATION_SESSION, CLIENT_EVENTS, SERVER_EVENTS)
ROWS = {f"{path} ({row.state})": row for table in TABLES for path, row in table.items()}


def echoed(kind: inspect.Type, path: str = "") -> Iterator[str]:
    """Yield the path of every member that an echo can have, as its row names it."""
    match kind:
        case inspect.UnionType(types=types):
            structs = [kind for kind in types if isinstance(kind, inspect.StructType)]
            for struct in structs:
                yield from echoed(struct, path)
            if not structs:
                yield path
        case inspect.StructType(fields=fields) if fields:
            for member in fields:
                name = member.encode_name
                yield from echoed(member.type, f"{path}.{name}" if path else name)
        case _:
            yield path


@pytest.mark.parametrize(("session", "table"), SESSIONS, ids=lambda entry: str(entry)[:30])
def test_every_field_of_an_echo_has_its_row_and_no_row_is_left_over(
    session: type, table: Mapping[str, Row]
) -> None:
    assert set(echoed(inspect.type_info(session))) == set(table)


@pytest.mark.parametrize(
    ("events", "table", "mark"),
    [
        (get_args(ClientEvent) + get_args(TranslationClientEvent), CLIENT_EVENTS, ">"),
        (get_args(ServerEvent), SERVER_EVENTS, "<"),
    ],
    ids=["client events", "server events"],
)
def test_every_event_has_its_row_or_a_transcript(
    events: tuple[type, ...], table: Mapping[str, Row], mark: str
) -> None:
    names = {event.__struct_config__.tag for event in events}  # type: ignore[attr-defined]  # structs

    assert not table.keys() - names
    assert [n for n in sorted(names) if n not in table and not transcripts_of(n, mark)] == []


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_proof_exists_unless_nothing_is_sent_yet(row: Row) -> None:
    if row.state == "not yet":
        assert row.note
        return
    file, _, function = row.proof.partition("::")
    if function:
        assert re.search(rf"^(async )?def {function}\(", (TESTS / file).read_text(), re.MULTILINE)
    else:
        assert (TESTS / "transcripts" / f"{file}.transcript").is_file()


@pytest.mark.parametrize("path", [path for path, row in REALTIME.items() if row.proof == ECHO])
def test_what_the_walk_proves_is_changed_in_it(path: str) -> None:
    """`test_echo_is_effect` compares effect and echo of what it changes, and of nothing else."""
    members = path.removeprefix("audio.input.").removeprefix("audio.output.").split(".")
    choices = {**VAD, **SEMANTIC} if members[0] == "turn_detection" else {**TOP, **INPUT, **OUTPUT}
    values = choices[members[1] if members[0] == "turn_detection" else members[0]]

    assert len(values) > 1
    if members[0] != "turn_detection" and len(members) > 1:
        assert any(members[-1] in str(value) for value in values)


@pytest.mark.parametrize(
    ("path", "row"), [(path, row) for path, row in REALTIME.items() if row.state == "refused"]
)
def test_what_is_refused_is_refused_by_name(path: str, row: Row) -> None:
    transcript = (TESTS / "transcripts" / f"{row.proof}.transcript").read_text()

    assert f"error.param=session.{path.partition('.')[0]}" in transcript
