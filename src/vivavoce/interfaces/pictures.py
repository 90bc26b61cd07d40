"""Pictures that the user shows: what is found out about them before a model is asked."""

from typing import Literal, Protocol

from msgspec import Struct

Detail = Literal["auto", "low", "high"]
"""How closely a picture is to be looked at, as the client says."""


class PictureFacts(Struct, frozen=True):
    """What a picture is, once it was decoded without a fault."""

    media_type: str
    """`image/png`, `image/jpeg`, `image/webp` or `image/gif`."""
    width: int
    """In pixels."""
    height: int
    """In pixels."""


class PictureReading(Struct, frozen=True, kw_only=True):
    """What can honestly be said of a picture without a model that sees."""

    width: int
    """In pixels, upright."""
    height: int
    """In pixels, upright."""
    colours: tuple[str, ...] = ()
    """English names of the few that fill most of it, the largest share first."""
    lines: tuple[str, ...] | None = None
    """The text in it, from top to bottom; None: it was not looked for."""


class PictureChecker(Protocol):
    """Decodes pictures away from the event loop, to refuse what is none or is a trap."""

    async def check(self, image_url: str) -> PictureFacts:
        """Return what the picture in a data URL is.

        Raises:
            ProtocolError: it is too large, not what it says, or can't be decoded; without `param`.
        """
        ...


class PictureReader(Protocol):
    """Puts a picture into words for models that see none."""

    async def read(self, image_url: str, detail: Detail) -> PictureReading:
        """Return what can be said of a picture in a data URL that was checked.

        Raises:
            EngineError: it could not be read.
        """
        ...
