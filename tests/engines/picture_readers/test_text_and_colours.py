from importlib.util import find_spec
from io import BytesIO

import pytest
from PIL import Image

from tests.drawn_pictures import SIGN, as_file, data_url, drawn
from vivavoce.engines.picture_readers.colours import main_colours
from vivavoce.engines.picture_readers.host import PictureHost
from vivavoce.engines.picture_readers.text_and_colours import open_engine
from vivavoce.errors import ConfigError
from vivavoce.interfaces import PictureReading

needs_text = pytest.mark.skipif(find_spec("rapidocr") is None, reason="vivavoce[pictures]")


async def test_without_text_size_and_colours_are_said() -> None:
    async with open_engine({"text": False}) as reader:
        reading = await reader.read(data_url(drawn(colour="navy")), "auto")

    assert reading == PictureReading(width=640, height=360, colours=("blue",), lines=None)


async def test_what_is_seen_through_is_white_and_photographs_stand_upright() -> None:
    clear = Image.new("RGBA", (40, 20), (255, 0, 0, 0))
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = as_file(Image.new("RGB", (40, 20), "green"), "JPEG", exif=exif)
    async with open_engine({"text": False}) as reader:
        through = await reader.read(data_url(as_file(clear, "PNG")), "low")
        upright = await reader.read(data_url(turned, "image/jpeg"), "low")

    assert through.colours == ("white",)
    assert (upright.width, upright.height, upright.colours) == (20, 40, ("green",))


@pytest.mark.parametrize(
    "name",
    ["black", "white", "grey", "red", "orange", "yellow", "green", "turquoise", "blue", "purple"],
)
def test_colours_have_their_plain_names(name: str) -> None:
    assert main_colours(Image.new("RGB", (30, 30), name)) == [name]


def test_the_largest_share_comes_first_and_small_ones_are_left_out() -> None:
    image = Image.new("RGB", (100, 100), "white")
    image.paste("blue", (0, 0, 100, 30))
    image.paste("red", (0, 0, 5, 5))

    assert main_colours(image) == ["white", "blue"]


async def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(ConfigError, match="no such setting"):
        async with open_engine({"speed": 1}):
            pass


@pytest.mark.parametrize(
    ("detail", "looked_at"), [("low", "512x384"), ("auto", "1280x960"), ("high", "2000x1500")]
)
def test_the_less_detail_is_wanted_the_smaller_the_picture_is_looked_at(
    detail: str, looked_at: str
) -> None:
    host = PictureHost(1_000_000, 10_000_000, lambda image: [f"{image.width}x{image.height}"])
    page = data_url(as_file(Image.new("RGB", (2000, 1500), "white"), "PNG"))

    (reading,) = host.handle("read", {"image_url": page, "detail": detail}, lambda: False)

    assert reading["lines"] == [looked_at]
    assert (reading["width"], reading["height"]) == (2000, 1500)


@needs_text
@pytest.mark.models
async def test_text_is_read() -> None:
    page = Image.new("RGB", (2000, 1500), "white")
    with Image.open(BytesIO(drawn(SIGN))) as sign:
        page.paste(sign, (100, 100))
    url = data_url(as_file(page, "PNG"))
    async with open_engine({}) as reader:
        readings = [await reader.read(url, detail) for detail in ("high", "auto")]

    assert [reading.lines for reading in readings] == [(SIGN,), (SIGN,)]
