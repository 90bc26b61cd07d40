"""What the flight recorder has left in its folder, for whoever wants to open it again."""

import re
from pathlib import Path

import msgspec
from msgspec import Struct

from vivavoce.runtime.recording import FORMAT_VERSION, Header

SUFFIX = ".jsonl"
NAME = re.compile(r"\d{8}T\d{6}Z-sess_[A-Za-z0-9_]+")
"""Of a recording without its suffix: it names no other file."""
TAIL_BYTES = 256 * 1024
"""Holds the last step, unless the client sent seconds of sound at once."""


class Recorded(Struct, frozen=True, kw_only=True):
    """One recording."""

    name: str
    """With which it is opened."""
    session_id: str
    model: str
    """The name the client asked for; empty for a translation."""
    kind: str
    """`realtime`, `transcription` or `translation`."""
    started_at: int
    """Unix seconds."""
    duration_s: float | None
    """From the first step to the last; None where that cannot be told."""
    size_bytes: int


class _Moment(Struct):
    now: float


def list_recorded(folder: Path, key_id: str | None) -> list[Recorded]:
    """Return the recordings of a folder, the newest first; files that are none are passed over.

    Reads from the disk, so it does not belong on the event loop.

    Args:
        folder: need not exist.
        key_id: only what was recorded of this key; None: of all.
    """
    if not folder.is_dir():
        return []
    paths = sorted(folder.glob(f"*{SUFFIX}"), reverse=True)
    found = (_recorded(path, key_id) for path in paths if NAME.fullmatch(path.stem))
    return [one for one in found if one is not None]


def find_recorded(folder: Path, name: str, key_id: str | None) -> Path | None:
    """Return the file of a recording; None: there is none of that name, or it is another key's.

    Reads from the disk. No name leads out of the folder.
    """
    if NAME.fullmatch(name) is None:
        return None
    path = folder / f"{name}{SUFFIX}"
    return path if _header(path, key_id) is not None else None


def _header(path: Path, key_id: str | None) -> Header | None:
    try:
        with path.open("rb") as lines:
            header = msgspec.json.decode(lines.readline(), type=Header)
    except (OSError, msgspec.MsgspecError):
        return None
    if header.format_version != FORMAT_VERSION:
        return None
    return header if key_id is None or header.key_id == key_id else None


def _recorded(path: Path, key_id: str | None) -> Recorded | None:
    header = _header(path, key_id)
    if header is None:
        return None
    is_translation = header.translation is not None
    return Recorded(
        name=path.stem,
        session_id=path.stem.partition("-")[2],
        model="" if is_translation else header.options.model,
        kind="translation" if is_translation else header.options.kind,
        started_at=header.wall_s,
        duration_s=_duration_s(path),
        size_bytes=path.stat().st_size,
    )


def _duration_s(path: Path) -> float | None:
    with path.open("rb") as file:
        file.readline()
        first = file.readline()
        size_bytes = file.seek(0, 2)
        file.seek(max(0, size_bytes - TAIL_BYTES))
        *_, last = file.read().rstrip(b"\n").split(b"\n")
    try:
        began = msgspec.json.decode(first, type=_Moment).now
        ended = msgspec.json.decode(last, type=_Moment).now
    except msgspec.MsgspecError:  # nothing was recorded yet, or the last step is being written
        return None
    return round(ended - began, 3)
