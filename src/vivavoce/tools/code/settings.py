"""The `[tools.code]` table of the configuration."""

from typing import Annotated

from msgspec import Meta, Struct

Seconds = Annotated[float, Meta(gt=0)]


class CodeSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Python for the model, in a sandbox, by the label `code`."""

    enabled: bool = True
    """Sessions may ask for the label `code`."""
    max_interpreters: Annotated[int, Meta(ge=1)] = 4
    """At once, each a process of about 60 MB. A session that needs one more takes it from the one
    that was idle longest, whose variables are lost; its model is told."""
    call_timeout_s: Seconds = 10.0
    """Longest run of one piece of code; then its interpreter is ended, with all variables."""
    session_timeout_s: Seconds = 300.0
    """Longest run of all code of a session together."""
    max_memory_mib: Annotated[int, Meta(ge=32, le=4096)] = 256
    """Of an interpreter with its variables; beyond it, code gets a `MemoryError`."""
    max_files_mib: Annotated[int, Meta(ge=1, le=1024)] = 16
    """Of the files that the code of a session writes, all together; they lie in memory."""
    max_output_characters: Annotated[int, Meta(ge=100)] = 2_000
    """Of what the model reads of a run; the middle of a longer output is left out."""
