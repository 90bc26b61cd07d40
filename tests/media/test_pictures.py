import pytest
from PIL import Image

from tests.drawn_pictures import (
    as_file,
    data_url,
    drawn,
    moving,
    png_that_says,
    webp_that_says,
)
from vivavoce.media.pictures import BadPicture, decoded_picture, picture_data


def size_of(file: bytes, media_type: str = "image/png") -> tuple[int, int]:
    declared, data = picture_data(data_url(file, media_type))
    return decoded_picture(declared, data).size


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF"])
def test_the_four_kinds_are_decoded(form: str) -> None:
    assert size_of(drawn(size=(64, 32), form=form), f"image/{form.lower()}") == (64, 32)


def test_jpg_is_another_name_of_jpeg_and_case_does_not_matter() -> None:
    assert size_of(drawn(size=(9, 8), form="JPEG"), "image/jpg") == (9, 8)
    assert size_of(drawn(size=(9, 8)), "image/PNG") == (9, 8)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("data:image/png;base64,", "no PNG"),
        ("data:image/png;base64,!!!!", "no valid base64"),
        ("data:image/svg+xml;base64,AAAA", "expected a data URL"),
        ("data:image/png,AAAA", "expected a data URL"),
        ("", "expected a data URL"),
        (data_url(drawn(size=(4, 4), form="GIF")), "those of image/gif"),
        (data_url(drawn(size=(400, 400), form="BMP")), "those of no PNG"),
        (data_url(bytes(3000)), "larger than 2000"),
    ],
)
def test_what_is_no_picture_is_refused(url: str, reason: str) -> None:
    with pytest.raises(BadPicture, match=reason):
        picture_data(url, max_bytes=2000 if "larger" in reason else 1 << 20)


@pytest.mark.parametrize(
    ("file", "media_type", "reason"),
    [
        (png_that_says(50_000, 50_000), "image/png", "40000000 pixels"),
        (png_that_says(8_000, 5_001, bytes(8_001 * 5_001)), "image/png", "8000 x 5001 pixels"),
        (png_that_says(4_000_000_000, 1), "image/png", "pixels"),
        (webp_that_says(16_000, 16_000), "image/webp", "16000 x 16000 pixels"),
        (moving("GIF", 3000), "image/gif", "move"),
        (moving("WEBP", 3), "image/webp", "move"),
        (moving("PNG", 3), "image/png", "move"),
        (drawn("Hello")[:-200], "image/png", "can't be decoded"),
        (drawn("Hello")[:8], "image/png", "can't be decoded"),
        (drawn("Hello", form="JPEG")[:-800], "image/jpeg", "can't be decoded"),
        (drawn("Hello", form="WEBP")[:-200], "image/webp", "can't be decoded"),
        (drawn("Hello", form="GIF")[:40], "image/gif", "can't be decoded"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_traps_and_broken_files_are_refused(file: bytes, media_type: str, reason: str) -> None:
    with pytest.raises(BadPicture, match=reason):
        size_of(file, media_type)


def test_lossless_and_plain_webp_say_their_size_before_they_are_decoded() -> None:
    image = Image.new("RGB", (70, 50), "red")
    for lossless in (True, False):
        file = as_file(image, "WEBP", lossless=lossless)
        with pytest.raises(BadPicture, match="70 x 50 pixels"):
            decoded_picture("image/webp", file, max_pixels=70 * 50 - 1)
