import struct

from vivavoce.clock import Clock
from vivavoce.tools.code.memory_files import Errno
from vivavoce.tools.code.wasi_clock import WasiClock
from vivavoce.tools.code.wasi_memory import Memory

WANTED, EVENTS, RESULT = 0, 5_000, 9_000


class Still(Clock):
    def now(self) -> float:
        return 50.0

    def wall_ms(self) -> float:
        return 3_000.0


def poll(*subscriptions: bytes, count: int | None = None) -> tuple[int, list[int]]:
    memory = bytearray(10_000)
    memory[: 48 * len(subscriptions)] = b"".join(subscriptions)

    def write(address: int, data: bytes) -> None:
        memory[address : address + len(data)] = data

    door = Memory(lambda address, length: bytes(memory[address : address + length]), write)
    number = len(subscriptions) if count is None else count
    code = WasiClock(Still()).poll_oneoff(door, WANTED, EVENTS, number, RESULT)
    (n_ready,) = struct.unpack_from("<I", memory, RESULT)
    return code, [
        struct.unpack_from("<Q", memory, EVENTS + 32 * index)[0] for index in range(n_ready)
    ]


def wait(data: int, time_ns: int, *, clock: int = 1, is_moment: bool = False) -> bytes:
    return struct.pack("<QB7xI4xQQH6x", data, 0, clock, time_ns, 0, int(is_moment))


def test_the_shortest_wait_is_over_first() -> None:
    assert poll(wait(1, 10**18), wait(2, 1)) == (0, [2])


def test_a_moment_that_has_passed_is_not_waited_for() -> None:
    assert poll(wait(1, 49 * 10**9, is_moment=True)) == (0, [1])
    assert poll(wait(1, 2 * 10**9, clock=0, is_moment=True)) == (0, [1])


def test_descriptors_are_always_ready() -> None:
    read = struct.pack("<QB39x", 7, 1)
    assert poll(wait(1, 10**18), read) == (0, [7])


def test_no_or_too_many_subscriptions_are_refused() -> None:
    assert poll(count=0)[0] == Errno.INVAL
    assert poll(count=100_000)[0] == Errno.INVAL
    assert poll(count=-1)[0] == Errno.INVAL
