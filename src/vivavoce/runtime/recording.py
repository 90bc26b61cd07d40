"""The form of recorded sessions: JSON lines, sound as it is or replaced by its length.

First a header, then one line per step. Outputs are kept without sound, to compare a replay with.
What holds for sound holds for pictures.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec
from msgspec import Struct

from vivavoce.core.inputs import Input
from vivavoce.core.options import SessionOptions
from vivavoce.core.outputs import Output
from vivavoce.core.translation_options import TranslationOptions

FORMAT_VERSION = 1
SILENCE = "vivavoce_silence_bytes"
"""Key that stands, with a number of bytes, where the sound was."""

PICTURE = "vivavoce_picture_chars"
"""Key that stands, with the length of a data URL, where a picture was."""
PICTURE_BEGINS = "data:image/"
EMPTY_PICTURE = "data:image/png;base64,"

SECRET = "[secret]"
"""Stands where a secret was."""

RecordMode = Literal["off", "lengths", "full"]
"""`lengths`: silence of the same length in place of all sound, and as many letters in place of
pictures; texts are kept in both modes."""


class Header(Struct, frozen=True, kw_only=True):
    """What a fresh session needs to repeat the recorded one."""

    format_version: int = FORMAT_VERSION
    server_version: str
    options: SessionOptions
    translation: TranslationOptions | None = None
    """Of a translation session, which has no other options."""
    seed: int
    """Of the factory of ids."""
    wall_s: int
    """Unix time of the start."""
    key_id: str | None = None
    """Whose session it was: the name of the key in logs; None in old recordings."""


class Step(Struct, frozen=True, kw_only=True):
    """One call of `Session.handle`."""

    now: float
    input: object
    """The input as JSON."""
    outputs: object
    """The outputs as JSON, without sound."""


def step_of(now: float, item: Input, outputs: Sequence[Output], *, with_sound: bool) -> Step:
    """Return a step ready to be written."""
    told = msgspec.to_builtins(item, builtin_types=() if with_sound else (bytes,))
    told = told if with_sound else _silenced(told)
    return Step(now=now, input=without_secrets(told), outputs=without_sound(outputs))


def without_sound(outputs: Sequence[Output]) -> object:
    """Return the outputs as plain objects with the length of all sound in its place."""
    return without_secrets(_silenced(msgspec.to_builtins(list(outputs), builtin_types=(bytes,))))


def without_secrets(value: object) -> object:
    """Return plain objects in which what opens servers of tools is blotted out.

    Which secrets there are stays: whether a header was given may decide what a session does.
    """
    match value:
        case dict():
            is_tool = value.get("type") == "mcp" and "server_label" in value
            is_address = "label" in value and "authorization" in value and "url" in value
            if is_tool or is_address:
                value = {name: _blotted(name, entry) for name, entry in value.items()}
            return {name: without_secrets(entry) for name, entry in value.items()}
        case list() | tuple():
            return [without_secrets(entry) for entry in value]
        case _:
            return value


def _blotted(name: str, value: object) -> object:
    if name == "authorization" and isinstance(value, str):
        return SECRET
    if name == "headers" and isinstance(value, dict):
        return dict.fromkeys(value, SECRET)
    return value


def input_of(step: Step) -> Input:
    """Return the input of a step that was read.

    Raises:
        msgspec.ValidationError: it is none of this version.
    """
    told: Input = msgspec.convert(_sounding(step.input), Input)
    return told


def _silenced(value: object) -> object:
    match value:
        case bytes():
            return {SILENCE: len(value)}
        case str() if value.startswith(PICTURE_BEGINS):
            return {PICTURE: len(value)}
        case dict():
            return {key: _silenced(entry) for key, entry in value.items()}
        case list() | tuple():
            return [_silenced(entry) for entry in value]
        case _:
            return value


def _sounding(value: object) -> object:
    match value:
        case {"vivavoce_silence_bytes": int(n_bytes)}:
            return bytes(n_bytes)
        case {"vivavoce_picture_chars": int(n_chars)}:
            return EMPTY_PICTURE.ljust(n_chars, "A")
        case dict():
            return {key: _sounding(entry) for key, entry in value.items()}
        case list():
            return [_sounding(entry) for entry in value]
        case _:
            return value
