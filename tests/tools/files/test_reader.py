from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from vivavoce.tools.files.document import Unreadable
from vivavoce.tools.files.reader import Reader


@asynccontextmanager
async def reading(timeout_s: float = 60.0) -> AsyncIterator[Reader]:
    reader = Reader(timeout_s=timeout_s)
    try:
        yield reader
    finally:
        await reader.close()


async def test_a_file_is_read_in_another_process() -> None:
    async with reading() as reader:
        (piece,) = await reader.read("a.txt", b"Hello.", max_tokens=100, overlap_tokens=0)

    assert (piece.text, piece.start, piece.end) == ("Hello.", 0, 6)


async def test_a_file_that_cannot_be_read_does_not_end_the_reader() -> None:
    async with reading() as reader:
        with pytest.raises(Unreadable, match="no PDF"):
            await reader.read("a.pdf", b"?", max_tokens=100, overlap_tokens=0)
        pieces = await reader.read("a.txt", b"Hello.", max_tokens=100, overlap_tokens=0)

    assert len(pieces) == 1


async def test_a_file_that_takes_too_long_is_given_up() -> None:
    async with reading(timeout_s=0.001) as reader:
        with pytest.raises(Unreadable, match=r"within 0\.001 s"):
            await reader.read("a.txt", b"Hello.", max_tokens=100, overlap_tokens=0)
