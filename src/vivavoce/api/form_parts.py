"""Parts of forms, read with care: whatever is wrong with them is the client's to be told.

Source: RFC 7578; the library's parser raises four kinds of errors for forms that are broken.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import BodyPartReader
from aiohttp.http_exceptions import BadHttpMessage

from vivavoce.errors import ProtocolError

PLAIN_TRANSFER_ENCODINGS = ("", "7bit", "8bit", "binary", "base64", "quoted-printable")


@contextmanager
def reading_form(param: str | None = None) -> Iterator[None]:
    """Refuse a form that the block can't read.

    Args:
        param: what is wrong, for the client.

    Raises:
        ProtocolError: the form is broken; the block's own errors pass.
    """
    try:
        yield
    except (BadHttpMessage, ValueError, AssertionError) as error:
        raise ProtocolError("The form is broken.", param=param) from error


def check_encoding(part: BodyPartReader) -> None:
    """Refuse a part that is packed: a little of it may unpack to more than there is memory.

    Raises:
        ProtocolError: it is, or it is written in a way that nobody knows.
    """
    packing = part.headers.get("Content-Encoding", "identity").lower()
    if packing != "identity":
        message = f"A part of a form may not be packed, as '{packing[:100]}'."
        raise ProtocolError(message, param=part.name)
    encoding = part.headers.get("Content-Transfer-Encoding", "").lower()
    if encoding not in PLAIN_TRANSFER_ENCODINGS:
        message = f"The Content-Transfer-Encoding '{encoding[:100]}' is not known."
        raise ProtocolError(message, param=part.name)
