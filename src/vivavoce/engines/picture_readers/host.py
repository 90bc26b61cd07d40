"""Pictures in their worker process: decoded, looked at, and read if there is a reader of text."""

import logging
from collections.abc import Callable, Iterator
from typing import Any

from vivavoce.engines.picture_readers.colours import main_colours
from vivavoce.errors import EngineError
from vivavoce.media.pictures import BadPicture, decoded_picture, picture_data

REFUSED = "picture_refused"
"""Code of the error that says what is wrong with a picture."""
LONGEST_SIDE_PX = {"low": 512, "auto": 1280, "high": 2048}
"""By `detail`: what is larger is scaled down before its text is looked for."""


def open_host(settings: dict[str, Any]) -> "PictureHost":
    """Load the reader of text, if one is wanted; runs in the worker process."""
    reader = _text_reader() if settings["reads_text"] else None
    return PictureHost(settings["max_bytes"], settings["max_pixels"], reader)


class PictureHost:
    """Answers `check` and `read`; keeps nothing of what it saw."""

    def __init__(
        self, max_bytes: int, max_pixels: int, read_text: Callable[[Any], list[str]] | None
    ) -> None:
        """Keep the limits.

        Args:
            max_bytes: of a picture as a file.
            max_pixels: of a picture.
            read_text: returns the lines of text in a Pillow image; None: nobody looks for any.
        """
        self._max_bytes = max_bytes
        self._max_pixels = max_pixels
        self._read_text = read_text

    def handle(self, method: str, args: Any, _cancelled: Callable[[], bool]) -> Iterator[Any]:
        """Answer once; what takes too long is ended from outside, with the process."""
        media_type, image = self._decoded(args["image_url"])
        if method == "check":
            yield {"media_type": media_type, "width": image.width, "height": image.height}
        else:
            yield self._read(image, args["detail"])

    def _decoded(self, image_url: str) -> tuple[str, Any]:
        try:
            media_type, data = picture_data(image_url, self._max_bytes)
            return media_type, decoded_picture(media_type, data, self._max_pixels)
        except BadPicture as error:
            raise EngineError(str(error), code=REFUSED) from None

    def _read(self, image: Any, detail: str) -> dict[str, Any]:
        from PIL import Image, ImageOps

        upright = ImageOps.exif_transpose(image)
        width, height = upright.size
        upright.thumbnail((LONGEST_SIDE_PX[detail], LONGEST_SIDE_PX[detail]))
        with_alpha = upright.convert("RGBA")
        paper = Image.new("RGBA", with_alpha.size, "white")
        paper.alpha_composite(with_alpha)
        flat = paper.convert("RGB")
        return {
            "width": width,
            "height": height,
            "colours": main_colours(flat),
            "lines": None if self._read_text is None else self._read_text(flat),
        }


def _text_reader() -> Callable[[Any], list[str]]:
    import numpy as np
    from rapidocr import RapidOCR

    logging.getLogger("RapidOCR").setLevel(logging.ERROR)
    engine = RapidOCR(
        params={
            "Global.log_level": "error",
            # One core, a second or two: a second thread would spin on the core of a live voice.
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )

    def read(image: Any) -> list[str]:
        found: Any = engine(np.asarray(image)[:, :, ::-1])  # it knows blue, green, red
        return [line.strip() for line in found.txts or () if line.strip()]

    return read
