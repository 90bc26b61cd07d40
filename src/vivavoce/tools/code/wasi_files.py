"""The file functions of WASI preview 1 over a tree in memory, in place of wasmtime's own.

Code in the sandbox has no other way to the outside than these functions, the clock, random numbers
and waiting. Here nothing is opened on the machine: descriptors 0 and 1 lead to the gateway, 2
leads nowhere, 3 is the root of the tree. There are no links and no sockets to be had.
Source: the WASI preview 1 specification (`wasi_snapshot_preview1.witx`).
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from vivavoce.tools.code.memory_files import (
    Errno,
    File,
    FileError,
    Folder,
    MemoryFiles,
    Node,
)
from vivavoce.tools.code.wasi_memory import Memory

MAX_OPEN = 64
ROOT = 3
ALL_RIGHTS = (1 << 30) - 1
STREAM_RIGHTS = (1 << 1) | (1 << 6) | (1 << 21)  # read, write, ask for attributes
IS_UNKNOWN, IS_FOLDER, IS_FILE = 0, 3, 4
CREATE, MUST_BE_FOLDER, EXCLUSIVE, TRUNCATE = 1, 2, 4, 8
APPEND = 1
READ_AT_ONCE = 1 << 16


@dataclass(slots=True)
class _Open:
    """What a descriptor stands for; `node` is None for the streams."""

    node: Node | None
    place: int = 0
    appends: bool = False


class WasiFiles:
    """The functions, by the names of the specification; they raise `FileError`."""

    def __init__(
        self,
        files: MemoryFiles,
        now_ns: Callable[[], int],
        read: Callable[[int], bytes],
        write: Callable[[bytes], int],
    ) -> None:
        """Put the functions over a tree.

        Args:
            files: the tree.
            now_ns: Unix time.
            read: waits for at most so many bytes for descriptor 0.
            write: takes what is written to descriptor 1; returns how much of it.
        """
        self._files = files
        self._now_ns = now_ns
        self._read_bytes = read
        self._write_bytes = write
        self._open = {number: _Open(None) for number in (0, 1, 2)}
        self._open[ROOT] = _Open(files.root)

    def functions(self) -> Mapping[str, Callable[..., int]]:
        """Return every function of WASI that has to do with files and sockets."""
        own = {
            name: _guarded(getattr(self, name))
            for name in dir(self)
            if name.startswith(("fd_", "path_"))
        }
        return {**dict.fromkeys(_NOT_HERE, _refused), **dict.fromkeys(_NOTHING_TO_DO, _done), **own}

    # --- descriptors --------------------------------------------------------------------------

    def fd_prestat_get(self, memory: Memory, fd: int, address: int) -> None:
        """Say that 3 is a folder with a name of one letter."""
        if fd != ROOT:
            raise FileError(Errno.BADF)
        memory.pack(address, "II", 0, 1)

    def fd_prestat_dir_name(self, memory: Memory, fd: int, address: int, length: int) -> None:
        """Say that its name is `/`."""
        if fd != ROOT or length < 1:
            raise FileError(Errno.BADF)
        memory.write(address, b"/")

    def fd_fdstat_get(self, memory: Memory, fd: int, address: int) -> None:
        """Say what a descriptor is."""
        opened = self._at(fd)
        rights = STREAM_RIGHTS if opened.node is None else ALL_RIGHTS
        flags = APPEND if opened.appends else 0
        memory.pack(address, "BxHxxxxQQ", _kind(opened.node), flags, rights, rights)

    def fd_filestat_get(self, memory: Memory, fd: int, address: int) -> None:
        """Say how large what is open is."""
        memory.write(address, _stat(self._at(fd).node))

    def fd_filestat_set_size(self, _memory: Memory, fd: int, n_bytes: int) -> None:
        """Cut a file, or make it longer."""
        self._resize(self._file(fd), n_bytes)

    def fd_allocate(self, _memory: Memory, fd: int, start: int, length: int) -> None:
        """Make a file at least so long."""
        file = self._file(fd)
        self._resize(file, max(len(file.data), start + length))

    def fd_close(self, _memory: Memory, fd: int) -> None:
        """Forget a descriptor."""
        opened = self._at(fd)
        if isinstance(opened.node, File):
            self._files.close(opened.node)
        del self._open[fd]

    def fd_seek(self, memory: Memory, fd: int, offset: int, whence: int, address: int) -> None:
        """Move the place in a file; `whence` is 0 start, 1 place, 2 end."""
        file, opened = self._file(fd), self._at(fd)
        if whence not in (0, 1, 2):
            raise FileError(Errno.INVAL)
        place = offset + (0, opened.place, len(file.data))[whence]
        if place < 0:
            raise FileError(Errno.INVAL)
        opened.place = place
        memory.pack(address, "Q", place)

    def fd_tell(self, memory: Memory, fd: int, address: int) -> None:
        """Say the place in a file."""
        self._file(fd)
        memory.pack(address, "Q", self._at(fd).place)

    # --- content ------------------------------------------------------------------------------

    def fd_read(self, memory: Memory, fd: int, address: int, count: int, result: int) -> None:
        """Read from the place on; from 0, wait for what the gateway sends."""
        if fd == 0:
            self._read_stream(memory, memory.pieces(address, count), result)
            return
        n_read = self._read(memory, self._file(fd), address, count, self._at(fd).place)
        self._at(fd).place += n_read
        memory.pack(result, "I", n_read)

    def fd_pread(
        self, memory: Memory, fd: int, address: int, count: int, place: int, result: int
    ) -> None:
        """Read from a place of its own."""
        memory.pack(result, "I", self._read(memory, self._file(fd), address, count, place))

    def fd_write(self, memory: Memory, fd: int, address: int, count: int, result: int) -> None:
        """Write at the place; to 1, send it to the gateway."""
        pieces = memory.pieces(address, count)
        if fd in (1, 2):
            self._write_stream(memory, fd, pieces, result)
            return
        file, opened = self._file(fd), self._at(fd)
        place = len(file.data) if opened.appends else opened.place
        opened.place = self._write(memory, file, pieces, place)
        memory.pack(result, "I", opened.place - place)

    def fd_pwrite(
        self, memory: Memory, fd: int, address: int, count: int, place: int, result: int
    ) -> None:
        """Write at a place of its own."""
        pieces = memory.pieces(address, count)
        end = self._write(memory, self._file(fd), pieces, place)
        memory.pack(result, "I", end - place)

    def fd_readdir(
        self, memory: Memory, fd: int, address: int, length: int, cookie: int, result: int
    ) -> None:
        """List a folder from an entry on."""
        folder = self._folder(fd)
        length %= 1 << 32  # WebAssembly's numbers have no sign; they come here with one
        listed = b""
        for index, (name, node) in enumerate(folder.entries.items(), 1):
            if index > cookie and len(listed) < length:
                text = name.encode()
                listed += struct.pack("<QQIBxxx", index, node.number, len(text), _kind(node)) + text
        memory.write(address, listed[:length])
        memory.pack(result, "I", min(len(listed), length))

    # --- paths --------------------------------------------------------------------------------

    def path_open(
        self,
        memory: Memory,
        fd: int,
        _follow: int,
        address: int,
        length: int,
        how: int,
        _rights: int,
        _inherited: int,
        flags: int,
        result: int,
    ) -> None:
        """Open or create a file, or open a folder."""
        if len(self._open) >= MAX_OPEN:
            raise FileError(Errno.MFILE)
        node = self._opened(self._folder(fd), memory.path(address, length), how)
        if how & MUST_BE_FOLDER and isinstance(node, File):
            raise FileError(Errno.NOTDIR)
        if how & TRUNCATE and isinstance(node, File):
            self._resize(node, 0)
        number = next(n for n in range(ROOT + 1, ROOT + 1 + MAX_OPEN) if n not in self._open)
        self._open[number] = _Open(node, appends=bool(flags & APPEND))
        if isinstance(node, File):
            node.n_open += 1
        memory.pack(result, "I", number)

    def path_filestat_get(
        self, memory: Memory, fd: int, _follow: int, address: int, length: int, result: int
    ) -> None:
        """Say how large a file is."""
        node = self._files.find(self._folder(fd), memory.path(address, length))
        memory.write(result, _stat(node))

    def path_create_directory(self, memory: Memory, fd: int, address: int, length: int) -> None:
        """Make a folder."""
        folder, name = self._located(memory, fd, address, length)
        self._files.add_folder(folder, name, self._now_ns())

    def path_unlink_file(self, memory: Memory, fd: int, address: int, length: int) -> None:
        """Remove a file."""
        self._files.remove_file(*self._located(memory, fd, address, length))

    def path_remove_directory(self, memory: Memory, fd: int, address: int, length: int) -> None:
        """Remove an empty folder."""
        self._files.remove_folder(*self._located(memory, fd, address, length))

    def path_rename(
        self,
        memory: Memory,
        fd: int,
        address: int,
        length: int,
        to_fd: int,
        to_address: int,
        to_length: int,
    ) -> None:
        """Move a file, or rename a folder."""
        origin = self._located(memory, fd, address, length)
        self._files.rename(*origin, *self._located(memory, to_fd, to_address, to_length))

    # --- within -------------------------------------------------------------------------------

    def _at(self, fd: int) -> _Open:
        if fd not in self._open:
            raise FileError(Errno.BADF)
        return self._open[fd]

    def _file(self, fd: int) -> File:
        node = self._at(fd).node
        if node is None:
            raise FileError(Errno.SPIPE)
        if isinstance(node, Folder):
            raise FileError(Errno.ISDIR)
        return node

    def _folder(self, fd: int) -> Folder:
        node = self._at(fd).node
        if not isinstance(node, Folder):
            raise FileError(Errno.NOTDIR)
        return node

    def _located(self, memory: Memory, fd: int, address: int, length: int) -> tuple[Folder, str]:
        return self._files.locate(self._folder(fd), memory.path(address, length))

    def _opened(self, base: Folder, path: str, how: int) -> Node:
        if not how & CREATE:
            return self._files.find(base, path)
        folder, name = self._files.locate(base, path)
        if name == "":
            raise FileError(Errno.ISDIR)
        if name not in folder.entries:
            return self._files.add_file(folder, name, self._now_ns())
        if how & EXCLUSIVE:
            raise FileError(Errno.EXIST)
        return folder.entries[name]

    def _resize(self, file: File, n_bytes: int) -> None:
        if n_bytes < 0:
            raise FileError(Errno.INVAL)
        self._files.resize(file, n_bytes, self._now_ns())

    def _read(self, memory: Memory, file: File, address: int, count: int, place: int) -> int:
        if place < 0:
            raise FileError(Errno.INVAL)
        start = place
        for target, length in memory.pieces(address, count):
            data = bytes(file.data[place : place + length])
            memory.write(target, data)
            place += len(data)
        return place - start

    def _write(self, memory: Memory, file: File, pieces: list[tuple[int, int]], place: int) -> int:
        if place < 0:
            raise FileError(Errno.INVAL)
        # The whole length is asked for first: pieces may be the same large one many times over.
        end = place + sum(length for _, length in pieces)
        self._resize(file, max(len(file.data), end))
        for source, length in pieces:
            self._files.write(file, place, memory.read(source, length), self._now_ns())
            place += length
        return end

    def _read_stream(self, memory: Memory, pieces: list[tuple[int, int]], result: int) -> None:
        target, length = pieces[0] if pieces else (0, 0)
        data = self._read_bytes(min(length, READ_AT_ONCE))
        memory.write(target, data)
        memory.pack(result, "I", len(data))

    def _write_stream(
        self, memory: Memory, fd: int, pieces: list[tuple[int, int]], result: int
    ) -> None:
        source, length = next((piece for piece in pieces if piece[1]), (0, 0))
        data = memory.read(source, min(length, READ_AT_ONCE))
        memory.pack(result, "I", self._write_bytes(data) if fd == 1 else len(data))


_NOT_HERE = (
    "path_link",
    "path_readlink",
    "path_symlink",
    "sock_accept",
    "sock_recv",
    "sock_send",
    "sock_shutdown",
)
_NOTHING_TO_DO = (
    "fd_advise",
    "fd_datasync",
    "fd_sync",
    "fd_fdstat_set_flags",
    "fd_filestat_set_times",
    "path_filestat_set_times",
)


def _guarded(function: Callable[..., None]) -> Callable[..., int]:
    def guarded(memory: Memory, *args: Any) -> int:
        try:
            function(memory, *args)
        except FileError as error:
            return error.code
        return 0

    return guarded


def _refused(_memory: Memory, *_args: Any) -> int:
    return Errno.NOSYS


def _done(_memory: Memory, *_args: Any) -> int:
    return 0


def _kind(node: Node | None) -> int:
    if node is None:
        return IS_UNKNOWN
    return IS_FILE if isinstance(node, File) else IS_FOLDER


def _stat(node: Node | None) -> bytes:
    number, changed = (node.number, node.changed_ns) if node is not None else (0, 0)
    size = len(node.data) if isinstance(node, File) else 0
    return struct.pack(
        "<QQBxxxxxxxQQQQQ", 1, number, _kind(node), 1, size, changed, changed, changed
    )
