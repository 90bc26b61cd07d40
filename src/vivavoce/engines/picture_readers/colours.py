"""Plain names for the colours that fill a picture."""

from collections import Counter
from typing import Any

SIDE_PX = 64
"""Enough for shares of a picture."""
MIN_SHARE = 0.15
MAX_NAMES = 3
DARK = 50
PALE = 35
"""Saturation below which a colour is white, grey or black; of 255."""
BRIGHT = 215
BROWN_BELOW = 160
HUES = (
    (11, "red"),
    (32, "orange"),
    (50, "yellow"),
    (117, "green"),
    (138, "turquoise"),
    (181, "blue"),
    (220, "purple"),
    (244, "pink"),
    (256, "red"),
)
"""Upper ends on a circle of 256."""


def main_colours(image: Any) -> list[str]:
    """Return the names of the colours with the largest shares, the largest first.

    Args:
        image: a Pillow image, RGB.
    """
    small = image.resize((SIDE_PX, SIDE_PX)).convert("HSV")
    shares = Counter(_name(*pixel) for pixel in zip(*[iter(small.tobytes())] * 3, strict=True))
    n_pixels = SIDE_PX * SIDE_PX
    return [name for name, n in shares.most_common(MAX_NAMES) if n / n_pixels >= MIN_SHARE]


def _name(hue: int, saturation: int, value: int) -> str:
    if value < DARK:
        return "black"
    if saturation < PALE:
        return "white" if value > BRIGHT else "grey"
    name = next(name for end, name in HUES if hue < end)
    return "brown" if name == "orange" and value < BROWN_BELOW else name
