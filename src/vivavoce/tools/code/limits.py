"""What a sandbox process is told when it starts."""

from msgspec import Struct

NOTICE = "<Q"
"""How many bytes of its input the code had read when it began to wait for more."""


class SandboxOrder(Struct, frozen=True, kw_only=True):
    """Which interpreter to run, and within which limits."""

    interpreter: str
    """Path of the CPython in WebAssembly."""
    sha256: str
    """What that file must hash to."""
    compiled: str
    """Path of its machine code, made if it is not there."""
    link: int = -1
    """Descriptor of a socket to the gateway: the process ends when the other end is closed, and
    tells it when its code waits (`NOTICE`)."""
    memory_bytes: int
    """Of the interpreter with all its variables."""
    file_bytes: int
    """Of all files together, which lie in memory, too."""
    cpu_s: int
    """CPU time of the process, in all."""
    max_output_characters: int
    """Of what is printed, of a value, and of an error."""
    max_files: int
    """Described in a reply."""
    max_picture_bytes: int
    """Of all pictures in a reply together."""
    only_compile: bool = False
    """End when the machine code is there."""
