import struct
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vivavoce.tools.code.memory_files import Errno, MemoryFiles
from vivavoce.tools.code.wasi_files import MAX_OPEN, ROOT, WasiFiles
from vivavoce.tools.code.wasi_memory import Memory

PATH, PIECES, DATA, RESULT = 0, 1_000, 2_000, 60_000
SIZE = 65_536


class Guest:
    """Calls the functions as code in the sandbox would, through a memory of its own."""

    def __init__(self, max_bytes: int = 50_000) -> None:
        self.sent = b""
        self.bytes = bytearray(SIZE)
        files = MemoryFiles(max_bytes, 7, ("/tmp",))
        own = WasiFiles(files, lambda: 9, lambda n: b"order"[:n], self._take)
        self.functions = own.functions()

    def call(self, name: str, *args: int) -> int:
        return self.functions[name](Memory(self._read, self._write), *args)

    def path(self, text: str) -> tuple[int, int]:
        self.bytes[PATH : PATH + len(text)] = text.encode()
        return PATH, len(text.encode())

    def open(self, path: str, how: int = 1, flags: int = 0) -> int:
        code = self.call("path_open", ROOT, 0, *self.path(path), how, -1, -1, flags, RESULT)
        return self.number() if code == 0 else -code

    def number(self, layout: str = "I") -> int:
        return int(struct.unpack_from("<" + layout, self.bytes, RESULT)[0])

    def write(self, fd: int, data: bytes) -> int:
        self.bytes[DATA : DATA + len(data)] = data
        struct.pack_into("<II", self.bytes, PIECES, DATA, len(data))
        return self.call("fd_write", fd, PIECES, 1, RESULT)

    def read(self, fd: int, length: int) -> bytes:
        struct.pack_into("<II", self.bytes, PIECES, DATA, length)
        assert self.call("fd_read", fd, PIECES, 1, RESULT) == 0
        return bytes(self.bytes[DATA : DATA + self.number()])

    def _take(self, data: bytes) -> int:
        self.sent += data
        return len(data)

    def _read(self, address: int, length: int) -> bytes:
        return bytes(self.bytes[max(0, address) : max(0, address) + max(0, length)])

    def _write(self, address: int, data: bytes) -> None:
        if not 0 <= address <= SIZE - len(data):
            raise IndexError
        self.bytes[address : address + len(data)] = data


def test_what_is_written_is_read_again() -> None:
    guest = Guest()
    fd = guest.open("tmp/a")
    assert guest.write(fd, b"hello") == 0
    assert guest.call("fd_seek", fd, -4, 2, RESULT) == 0
    assert guest.number("Q") == 1
    assert guest.read(fd, 100) == b"ello"
    assert guest.read(fd, 100) == b""
    assert guest.call("fd_tell", fd, RESULT) == 0
    assert guest.number("Q") == 5
    assert guest.call("fd_close", fd) == 0
    assert guest.call("fd_close", fd) == Errno.BADF


def test_appending_goes_to_the_end_whatever_the_place() -> None:
    guest = Guest()
    fd = guest.open("tmp/a", flags=1)
    guest.write(fd, b"one")
    guest.call("fd_seek", fd, 0, 0, RESULT)
    guest.write(fd, b"two")
    assert guest.read(guest.open("tmp/a", how=0), 10) == b"onetwo"


def test_the_streams_lead_to_the_gateway_and_have_no_place() -> None:
    guest = Guest()
    assert guest.read(0, 100) == b"order"
    guest.write(1, b"answer")
    guest.write(2, b"lost")
    assert guest.sent == b"answer"
    assert guest.call("fd_seek", 1, 0, 0, RESULT) == Errno.SPIPE


def test_a_folder_lists_its_entries_from_any_one_on() -> None:
    guest = Guest()
    for name in ("tmp/a", "tmp/b", "tmp/c"):
        guest.open(name)
    folder = guest.open("tmp", how=2)
    assert guest.call("fd_readdir", folder, DATA, 1_000, 1, RESULT) == 0
    assert guest.number() == 2 * 25
    assert bytes(guest.bytes[DATA + 24 : DATA + 25]) == b"b"
    assert guest.call("fd_readdir", folder, DATA, 30, 0, RESULT) == 0
    assert guest.number() == 30, "a list cut short says that there is more"


def test_one_write_of_the_same_bytes_many_times_is_held_to_the_limit() -> None:
    guest = Guest(max_bytes=50_000)
    fd = guest.open("tmp/a")
    for index in range(100):
        struct.pack_into("<II", guest.bytes, PIECES + 8 * index, 0, 60_000)
    assert guest.call("fd_write", fd, PIECES, 100, RESULT) == Errno.NOSPC


@pytest.mark.parametrize(
    "call",
    [
        lambda guest, fd: guest.call("fd_allocate", fd, 0, 10**15),
        lambda guest, fd: guest.call("fd_filestat_set_size", fd, 10**15),
    ],
)
def test_a_file_can_not_be_made_larger_than_the_limit(
    call: Callable[[Guest, int], int],
) -> None:
    guest = Guest()
    assert call(guest, guest.open("tmp/a")) == Errno.NOSPC


def test_so_many_files_may_be_open() -> None:
    guest = Guest()
    opened = [guest.open("tmp/a") for _ in range(MAX_OPEN)]
    assert opened[-1] == -Errno.MFILE
    assert sum(fd > 0 for fd in opened) == MAX_OPEN - 4


@pytest.mark.parametrize(
    ("path", "how", "code"),
    [
        ("tmp/none", 0, Errno.NOENT),
        ("../etc/passwd", 0, Errno.NOTCAPABLE),
        ("tmp/a", 1 | 4, Errno.EXIST),
        ("tmp/a", 2, Errno.NOTDIR),
        ("/", 1, Errno.ISDIR),
        ("tmp/\0", 1, Errno.INVAL),
    ],
)
def test_what_can_not_be_opened_is_refused(path: str, how: int, code: int) -> None:
    guest = Guest()
    guest.open("tmp/a")
    assert guest.open(path, how) == -code


def test_links_and_sockets_are_not_to_be_had() -> None:
    guest = Guest()
    for name, n_args in (("path_symlink", 5), ("path_link", 7), ("path_readlink", 6)):
        assert guest.call(name, *[0] * n_args) == Errno.NOSYS
    for name, n_args in (("sock_accept", 3), ("sock_recv", 6), ("sock_send", 5)):
        assert guest.call(name, *[0] * n_args) == Errno.NOSYS


def test_files_and_folders_are_made_renamed_and_removed() -> None:
    guest = Guest()
    assert guest.call("path_create_directory", ROOT, *guest.path("tmp/d")) == 0
    guest.open("tmp/d/x")
    assert guest.call("path_remove_directory", ROOT, *guest.path("tmp/d")) == Errno.NOTEMPTY
    guest.bytes[500:505] = b"tmp/y"
    assert guest.call("path_rename", ROOT, *guest.path("tmp/d/x"), ROOT, 500, 5) == 0
    assert guest.call("path_remove_directory", ROOT, *guest.path("tmp/d")) == 0
    assert guest.call("path_filestat_get", ROOT, 0, *guest.path("tmp/y"), RESULT) == 0
    assert guest.bytes[RESULT + 16] == 4
    assert guest.call("path_unlink_file", ROOT, *guest.path("tmp/y")) == 0
    assert guest.open("tmp/y", how=0) == -Errno.NOENT


CALLS = {
    "fd_read": 4,
    "fd_write": 4,
    "fd_pwrite": 5,
    "fd_pread": 5,
    "fd_seek": 4,
    "fd_readdir": 5,
    "fd_close": 1,
    "fd_allocate": 3,
    "fd_fdstat_get": 2,
    "fd_filestat_get": 2,
    "fd_filestat_set_size": 2,
    "fd_prestat_get": 2,
    "fd_prestat_dir_name": 3,
    "path_open": 9,
    "path_rename": 6,
    "path_unlink_file": 3,
    "path_filestat_get": 5,
}
NUMBERS = st.one_of(st.integers(-5, 10), st.integers(-(2**31), 2**31 - 1))


@given(
    st.lists(st.tuples(st.sampled_from(sorted(CALLS)), st.lists(NUMBERS, min_size=9)), max_size=8)
)
@example([("fd_readdir", [3, 0, -1, 0, 0, 0, 0, 0, 0])])
def test_whatever_numbers_are_given_the_answer_is_an_errno_or_the_end_of_the_sandbox(
    calls: list[tuple[str, list[int]]],
) -> None:
    guest = Guest()
    guest.open("tmp/a")
    for name, args in calls:
        try:
            code = guest.call(name, *args[: CALLS[name]])
        except IndexError:  # outside of the guest's memory: the sandbox traps
            continue
        assert 0 <= code <= 76
