"""Pictures in data URLs: taken apart, told by their first bytes, measured before they are decoded.

Decoding is Pillow's, which is loaded when it is needed; it belongs into a process of its own.
"""

import struct
import warnings
from io import BytesIO
from typing import TYPE_CHECKING

import pybase64

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 40_000_000
"""A photograph of the best telephones; decoded it takes 160 MB."""

_ALIASES = {"image/jpg": "image/jpeg"}
_FORMATS = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/webp": "WEBP",
    "image/gif": "GIF",
}
"""As Pillow calls them."""


class BadPicture(ValueError):  # noqa: N818 - says what it is about
    """Something is no picture that is taken here; the message is for the client."""


def picture_data(image_url: str, max_bytes: int = MAX_BYTES) -> tuple[str, bytes]:
    """Take a data URL apart.

    Args:
        image_url: `data:image/png;base64,...`; the type may be any of the four.
        max_bytes: of the picture as a file.

    Returns:
        The media type, which the first bytes agree with, and the picture as a file.

    Raises:
        BadPicture: it is no such URL, too large, wrongly encoded, or of another type.
    """
    head, _, encoded = image_url.partition(",")
    declared = head.removeprefix("data:").partition(";")[0].lower()
    declared = _ALIASES.get(declared, declared)
    if declared not in _FORMATS or not head.endswith(";base64"):
        raise BadPicture("expected a data URL of a PNG, JPEG, WebP or GIF.")
    if len(encoded) // 4 * 3 > max_bytes + 3:
        raise BadPicture(f"the picture is larger than {max_bytes} bytes.")
    try:
        data = pybase64.b64decode(encoded, validate=True)
    except ValueError:
        raise BadPicture("the picture is no valid base64.") from None
    if len(data) > max_bytes:
        raise BadPicture(f"the picture is larger than {max_bytes} bytes.")
    if (found := _type_of(data)) != declared:
        said = "no PNG, JPEG, WebP or GIF" if found is None else found
        raise BadPicture(f"it says {declared}, but its first bytes are those of {said}.")
    return declared, data


def decoded_picture(media_type: str, data: bytes, max_pixels: int = MAX_PIXELS) -> "Image":
    """Decode a picture, after a look at how large it says it is.

    Args:
        media_type: as `picture_data` returns it.
        data: the picture as a file.
        max_pixels: width times height.

    Raises:
        BadPicture: it has too many pixels or more than one frame, or can't be decoded.
    """
    from PIL import Image, UnidentifiedImageError

    if (size := _webp_size(data)) is not None:  # Pillow's decoder makes room for it at once
        _check_size(*size, max_pixels)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(BytesIO(data), formats=[_FORMATS[media_type]])
            _check_size(*image.size, max_pixels)
            if getattr(image, "is_animated", False):
                raise BadPicture("pictures that move are not taken; send one frame.")
            image.load()
    except BadPicture:
        raise
    except UnidentifiedImageError:
        raise BadPicture("the picture can't be decoded.") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError):
        raise _too_many(max_pixels) from None
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, IndexError) as error:
        raise BadPicture(f"the picture can't be decoded: {error}.") from None
    return image


def _type_of(data: bytes) -> str | None:
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return "image/gif"
    return None


def _check_size(width: int, height: int, max_pixels: int) -> None:
    if width * height > max_pixels:
        raise _too_many(max_pixels, f"{width} x {height}")


def _too_many(max_pixels: int, size: str = "they") -> BadPicture:
    are = "are" if size == "they" else "pixels are"
    return BadPicture(f"{size} {are} more than the {max_pixels} pixels that are taken.")


def _webp_size(data: bytes) -> tuple[int, int] | None:
    """Return width and height as a WebP's first chunk says (RFC 9649); None: it is no WebP."""
    if data[8:12] != b"WEBP" or len(data) < 30:
        return None
    match data[12:16]:
        case b"VP8X":
            return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(
                data[27:30], "little"
            )
        case b"VP8L":
            bits = int.from_bytes(data[21:25], "little")
            return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        case b"VP8 ":
            width, height = struct.unpack_from("<HH", data, 26)
            return width & 0x3FFF, height & 0x3FFF
        case _:
            return None
