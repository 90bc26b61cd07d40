"""Puts pictures into words: their size, their colours, and the text in them (RapidOCR).

No model that sees is bundled, so nothing is said of what a picture shows.
"""

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib.util import find_spec

from msgspec import Struct

from vivavoce.engines.picture_readers.process import PictureProcess, open_process
from vivavoce.engines.strict_settings import parse_settings
from vivavoce.errors import ConfigError
from vivavoce.interfaces import Detail, PictureReader, PictureReading

LOG = logging.getLogger(__name__)

READ_TIMEOUT_S = 60.0
"""For one picture, the first time with the loading of the models; sessions give up sooner."""
ANY = 1 << 40
"""No limit of its own: what is read here was checked before."""


class TextAndColoursSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an operator can set."""

    text: bool | None = None
    """Whether text is looked for: true needs `vivavoce[pictures]`; none: if that is installed."""


@asynccontextmanager
async def open_engine(settings: Mapping[str, object]) -> AsyncIterator[PictureReader]:
    """Open the reader; its process starts with the first picture.

    Raises:
        ConfigError: a setting is wrong, or `text` is wanted and what reads it is not installed.
    """
    wanted = parse_settings(settings, TextAndColoursSettings).text
    is_installed = find_spec("rapidocr") is not None
    if wanted and not is_installed:
        raise ConfigError("reading text needs: pip install 'vivavoce[pictures]'", path="text")
    if wanted is None and not is_installed:
        LOG.info("text in pictures is not read: vivavoce[pictures] is not installed")
    reads_text = is_installed if wanted is None else wanted
    host_settings = {"max_bytes": ANY, "max_pixels": ANY, "reads_text": reads_text}
    async with open_process(host_settings, name="picture", limit_s=READ_TIMEOUT_S) as process:
        yield TextAndColours(process)


class TextAndColours:
    """See `PictureReader`."""

    def __init__(self, process: PictureProcess) -> None:
        self._process = process

    async def read(self, image_url: str, detail: Detail) -> PictureReading:
        """Return what can be said of a picture.

        Raises:
            EngineError: it could not be read.
        """
        found = await self._process.call("read", {"image_url": image_url, "detail": detail})
        lines = found["lines"]
        return PictureReading(
            width=found["width"],
            height=found["height"],
            colours=tuple(found["colours"]),
            lines=None if lines is None else tuple(lines),
        )
