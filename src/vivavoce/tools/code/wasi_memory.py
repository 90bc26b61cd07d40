"""What the functions of WASI preview 1 see of the sandbox: its memory, during one call.

Source: the WASI preview 1 specification (`iovec`, `ciovec`, paths as an address and a length).
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass

from vivavoce.tools.code.memory_files import Errno, FileError

MAX_PATH = 4096

Read = Callable[[int, int], bytes]
Write = Callable[[int, bytes], None]


@dataclass(slots=True)
class Memory:
    """The sandbox's memory during one call; addresses are numbers that its code chose."""

    read: Read
    """Of an address and a length; what lies outside is left out."""
    write: Write
    """To an address. Raises IndexError outside, which ends the sandbox."""

    def pack(self, address: int, layout: str, *values: int) -> None:
        """Write numbers, little-endian."""
        self.write(address, struct.pack("<" + layout, *values))

    def path(self, address: int, length: int) -> str:
        """Read a path."""
        if not 0 <= length <= MAX_PATH:
            raise FileError(Errno.NAMETOOLONG)
        text = self.read(address, length).decode("utf-8", "replace")
        if "\0" in text:
            raise FileError(Errno.INVAL)
        return text

    def pieces(self, address: int, count: int) -> list[tuple[int, int]]:
        """Read a list of addresses and lengths."""
        if not 0 <= count <= 1024:
            raise FileError(Errno.INVAL)
        return list(struct.iter_unpack("<II", self.read(address, 8 * count)))
