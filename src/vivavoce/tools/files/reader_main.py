"""The program of the process that reads documents: what breaks it breaks nothing else.

Started by `reader` as `python -m vivavoce.tools.files.reader_main [TOKENIZER]`, by nobody else.
Orders come on standard input, answers go to standard output, each with its length before it.
"""

import os
import re
import resource
import signal
import struct
import sys
from collections.abc import Sequence
from typing import BinaryIO

import msgspec
from msgspec import Struct

from vivavoce.tools.files.cutting import CountTokens, Piece, cut
from vivavoce.tools.files.document import Unreadable, UnreadableCode
from vivavoce.tools.files.formats import read_document

MAX_MEMORY_BYTES = 2 << 30
NICENESS = 19
"""Adding documents can wait; sound on its way to a listener can't."""
LENGTH = struct.Struct(">I")
_WORD = re.compile(r"\w+|[^\w\s]")


class ReadOrder(Struct, frozen=True, kw_only=True):
    """A file to be read."""

    filename: str
    data: bytes
    max_tokens: int
    overlap_tokens: int


class ReadAnswer(Struct, frozen=True, kw_only=True):
    """What is in it, or why that can't be said."""

    pieces: list[Piece] = []
    code: UnreadableCode | None = None
    message: str = ""


def main() -> None:
    """Answer orders until there are no more."""
    os.nice(NICENESS)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # ctrl-c is for our parent
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever a library prints is no answer
    count_tokens = _counter(sys.argv[1] if len(sys.argv) > 1 else None)
    decoder = msgspec.msgpack.Decoder(ReadOrder)
    while (order := _read(sys.stdin.buffer)) is not None:
        answer = msgspec.msgpack.encode(_answer(decoder.decode(order), count_tokens))
        answers.write(LENGTH.pack(len(answer)) + answer)
        answers.flush()


def _answer(order: ReadOrder, count_tokens: CountTokens) -> ReadAnswer:
    try:
        document = read_document(order.filename, order.data)
        pieces = cut(
            document,
            count_tokens,
            max_tokens=order.max_tokens,
            overlap_tokens=order.overlap_tokens,
        )
    except Unreadable as reason:
        return ReadAnswer(code=reason.code, message=reason.message)
    except MemoryError:
        return ReadAnswer(code="invalid_file", message="it needs too much memory to be read")
    if not pieces:
        return ReadAnswer(code="invalid_file", message="it holds no text")
    return ReadAnswer(pieces=pieces)


def _counter(tokenizer_file: str | None) -> CountTokens:
    if tokenizer_file is None:
        return lambda texts: [len(_WORD.findall(text)) for text in texts]
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(tokenizer_file)
    tokenizer.no_truncation()
    tokenizer.no_padding()

    def count(texts: Sequence[str]) -> list[int]:
        found = tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [len(one) for one in found]

    return count


def _read(stream: BinaryIO) -> bytes | None:
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    return stream.read(LENGTH.unpack(head)[0])


if __name__ == "__main__":
    main()
