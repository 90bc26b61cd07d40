"""Decodes every picture once, in a process of its own, before a session hears of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from msgspec import Struct

from vivavoce.engines.picture_readers.host import REFUSED
from vivavoce.engines.picture_readers.process import TOO_LONG, PictureProcess, open_process
from vivavoce.errors import EngineError, ProtocolError
from vivavoce.interfaces import PictureChecker, PictureFacts
from vivavoce.media.pictures import MAX_BYTES, MAX_PIXELS


class PictureLimits(Struct, frozen=True, kw_only=True):
    """What a picture may be."""

    max_bytes: int = MAX_BYTES
    """As a file."""
    max_pixels: int = MAX_PIXELS
    check_timeout_s: float = 5.0
    """To decode one."""


@asynccontextmanager
async def open_picture_checker(limits: PictureLimits) -> AsyncIterator[PictureChecker]:
    """Yield a checker; its process starts with the first picture."""
    settings = {
        "max_bytes": limits.max_bytes,
        "max_pixels": limits.max_pixels,
        "reads_text": False,
    }
    async with open_process(settings, name="picture check", limit_s=limits.check_timeout_s) as one:
        yield DecodingChecker(one, limits)


class DecodingChecker:
    """See `PictureChecker`."""

    def __init__(self, process: PictureProcess, limits: PictureLimits) -> None:
        self._process = process
        self._max_chars = limits.max_bytes // 3 * 4 + 100
        self._max_bytes = limits.max_bytes

    async def check(self, image_url: str) -> PictureFacts:
        """Return what the picture in a data URL is.

        Raises:
            ProtocolError: see the interface.
        """
        if len(image_url) > self._max_chars:  # not even sent over
            raise ProtocolError(f"the picture is larger than {self._max_bytes} bytes.")
        try:
            found = await self._process.call("check", {"image_url": image_url})
        except EngineError as error:
            raise ProtocolError(_reason(error)) from None
        return PictureFacts(found["media_type"], found["width"], found["height"])


def _reason(error: EngineError) -> str:
    if error.code == REFUSED:
        return error.message
    if error.code == TOO_LONG:
        return "the picture takes too long to decode."
    return "the picture can't be decoded."
