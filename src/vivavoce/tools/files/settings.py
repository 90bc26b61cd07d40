"""The `[tools.files]` table of the configuration."""

from typing import Annotated

from msgspec import Meta, Struct


class FilesSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Documents, and the tool `files` that searches them for a session."""

    stores: tuple[str, ...] = ()
    """Names or ids of the vector stores that the tool searches; empty: all."""
    answer_tokens: Annotated[int, Meta(ge=100, le=4_000)] = 300
    """Length of what the tool tells the model, about; a small model loses itself in more."""
    max_file_mb: Annotated[int, Meta(ge=1, le=512)] = 32
    """Larger files are refused."""
