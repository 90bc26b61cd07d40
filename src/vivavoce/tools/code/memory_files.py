"""A small tree of files in memory, with a limit; all that code in the sandbox can read and write.

No file of the machine stands behind it, and there are no links of any kind, so a path can lead
nowhere else.
"""

from collections.abc import Sequence
from typing import TypeAlias

NODE_BYTES = 512  # what an empty file or folder counts, so that a million of them are too many


class FileError(Exception):
    """A path or an operation that can't be; `code` is the errno of WASI."""

    def __init__(self, code: int) -> None:
        super().__init__(f"errno {code}")
        self.code = code


class Errno:
    """The errors of WASI, preview 1, that are used here. Source: its `errno` enumeration."""

    BADF = 8
    EXIST = 20
    INVAL = 28
    ISDIR = 31
    MFILE = 33
    NAMETOOLONG = 37
    NOENT = 44
    NOSPC = 51
    NOSYS = 52
    NOTDIR = 54
    NOTEMPTY = 55
    PERM = 63
    SPIPE = 70
    NOTCAPABLE = 76


class File:
    """Bytes, and when they last changed (Unix time in ns)."""

    def __init__(self, number: int, changed_ns: int) -> None:
        self.number = number
        self.changed_ns = changed_ns
        self.data = bytearray()
        self.n_open = 0
        self.is_removed = False


class Folder:
    """Names of files and folders."""

    def __init__(self, number: int, changed_ns: int) -> None:
        self.number = number
        self.changed_ns = changed_ns
        self.entries: dict[str, Node] = {}


Node: TypeAlias = File | Folder


class MemoryFiles:
    """The tree; every operation raises `FileError` when it can't be done."""

    def __init__(self, max_bytes: int, now_ns: int, folders: Sequence[str] = ()) -> None:
        self._left = max_bytes
        self._last_number = 1
        self.root = Folder(1, now_ns)
        for path in folders:
            folder = self.root
            for name in path.strip("/").split("/"):
                if name not in folder.entries:
                    self.add_folder(folder, name, now_ns)
                folder = self._folder(folder.entries[name])

    def find(self, base: Folder, path: str) -> Node:
        """Return the file or folder at a path."""
        folder, name = self.locate(base, path)
        if name == "":
            return folder
        if name not in folder.entries:
            raise FileError(Errno.NOENT)
        return folder.entries[name]

    def locate(self, base: Folder, path: str) -> tuple[Folder, str]:
        """Return the folder that a path ends in, and the last name, "" for the base itself."""
        trail = [base]
        names = [name for name in path.split("/") if name not in ("", ".")]
        last = ""
        for index, name in enumerate(names):
            last = ""
            if len(name.encode()) > 255:
                raise FileError(Errno.NAMETOOLONG)
            if name == "..":
                if len(trail) == 1:
                    raise FileError(Errno.NOTCAPABLE)
                trail.pop()
            elif index == len(names) - 1:
                last = name
            elif name in trail[-1].entries:
                trail.append(self._folder(trail[-1].entries[name]))
            else:
                raise FileError(Errno.NOENT)
        return trail[-1], last

    def add_file(self, folder: Folder, name: str, now_ns: int) -> File:
        """Make an empty file."""
        file = File(self._new_number(), now_ns)
        folder.entries[name] = file
        return file

    def add_folder(self, folder: Folder, name: str, now_ns: int) -> None:
        """Make an empty folder."""
        if name == "" or name in folder.entries:
            raise FileError(Errno.EXIST)
        folder.entries[name] = Folder(self._new_number(), now_ns)

    def write(self, file: File, place: int, data: bytes, now_ns: int) -> None:
        """Put bytes at a place, which may be beyond the end."""
        self.resize(file, max(len(file.data), place + len(data)), now_ns)
        file.data[place : place + len(data)] = data

    def resize(self, file: File, n_bytes: int, now_ns: int) -> None:
        """Cut a file, or make it longer with zeros."""
        growth = n_bytes - len(file.data)
        self._take(growth)
        file.changed_ns = now_ns
        if growth > 0:
            file.data.extend(bytes(growth))
        else:
            del file.data[n_bytes:]

    def remove_file(self, folder: Folder, name: str) -> None:
        """Take a file away; whoever has it open may still read it."""
        node = folder.entries.get(name)
        if node is None:
            raise FileError(Errno.NOENT)
        if isinstance(node, Folder):
            raise FileError(Errno.ISDIR)
        self._give_back(folder.entries.pop(name))

    def close(self, file: File) -> None:
        """Note that one who had the file open no longer has; `File.n_open` counts them."""
        file.n_open -= 1
        if file.is_removed:
            self._give_back(file)

    def remove_folder(self, folder: Folder, name: str) -> None:
        """Take an empty folder away."""
        node = folder.entries.get(name)
        if node is None:
            raise FileError(Errno.NOENT)
        if self._folder(node).entries:
            raise FileError(Errno.NOTEMPTY)
        self._give_back(folder.entries.pop(name))

    def rename(self, folder: Folder, name: str, to_folder: Folder, to_name: str) -> None:
        """Give a file another name or place; a folder keeps its place in the tree."""
        node = folder.entries.get(name)
        if node is None or to_name == "":
            raise FileError(Errno.NOENT)
        if isinstance(node, Folder) and folder is not to_folder:
            raise FileError(Errno.PERM)  # it might be moved into itself
        other = to_folder.entries.get(to_name)
        if other is node:
            return
        if other is not None:
            self._make_way(to_folder, to_name, node)
        to_folder.entries[to_name] = folder.entries.pop(name)

    def _make_way(self, folder: Folder, name: str, node: Node) -> None:
        if isinstance(node, Folder):
            self.remove_folder(folder, name)
        else:
            self.remove_file(folder, name)

    def _folder(self, node: Node) -> Folder:
        if isinstance(node, File):
            raise FileError(Errno.NOTDIR)
        return node

    def _new_number(self) -> int:
        self._take(NODE_BYTES)
        self._last_number += 1
        return self._last_number

    def _give_back(self, node: Node) -> None:
        # What is removed while somebody has it open still takes up memory.
        if isinstance(node, File):
            node.is_removed = True
            if node.n_open:
                return
            self._left += len(node.data)
        self._left += NODE_BYTES

    def _take(self, n_bytes: int) -> None:
        if n_bytes > self._left:
            raise FileError(Errno.NOSPC)
        self._left -= n_bytes
