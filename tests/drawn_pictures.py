"""Pictures for tests, drawn on the spot: good ones, and traps."""

import struct
import zlib
from io import BytesIO

import pybase64
from PIL import Image, ImageDraw, ImageFont

SIGN = "Gate 42 closes at 18:30"


def drawn(
    text: str = "", *, size: tuple[int, int] = (640, 360), form: str = "PNG", colour: str = "white"
) -> bytes:
    """Return a picture as a file: black text on one colour."""
    image = Image.new("RGB", size, colour)
    if text:
        font = ImageFont.load_default(size=36)
        ImageDraw.Draw(image).text((40, size[1] // 2 - 20), text, fill="black", font=font)
    return as_file(image, form)


def as_file(image: Image.Image, form: str, **options: object) -> bytes:
    """Return an image as a file."""
    file = BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def noise(width: int, height: int) -> bytes:
    """Return a PNG that can't be made smaller: about three bytes a pixel."""
    pixels = zlib_noise(width * height * 3)
    return as_file(Image.frombytes("RGB", (width, height), pixels), "PNG", compress_level=1)


def zlib_noise(n_bytes: int) -> bytes:
    """Return bytes that look like chance, always the same."""
    import numpy as np

    return np.random.default_rng(7).integers(0, 256, n_bytes, np.uint8).tobytes()


def moving(form: str, n_frames: int) -> bytes:
    """Return an animation of small frames."""
    frames = [Image.new("RGB", (8, 8), (n * 80 % 256, n // 256, 0)) for n in range(n_frames)]
    return as_file(frames[0], form, save_all=True, append_images=frames[1:])


def png_that_says(width: int, height: int, rows: bytes = b"") -> bytes:
    """Return a PNG whose header says any size, with these rows, packed."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def webp_that_says(width: int, height: int) -> bytes:
    """Return the head of an extended WebP that says any size."""
    data = bytes(4) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    chunk = b"VP8X" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


def data_url(file: bytes, media_type: str = "image/png") -> str:
    """Return a picture as a data URL."""
    return f"data:{media_type};base64,{pybase64.b64encode(file).decode()}"
