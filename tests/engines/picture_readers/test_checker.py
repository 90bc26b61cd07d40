from collections.abc import AsyncIterator

import pytest

from tests.drawn_pictures import data_url, drawn, noise, png_that_says
from vivavoce.engines.picture_readers.checker import PictureLimits, open_picture_checker
from vivavoce.engines.picture_readers.process import PictureProcess, open_process
from vivavoce.errors import EngineError, ProtocolError
from vivavoce.interfaces import PictureChecker, PictureFacts
from vivavoce.testing.loop_watch import LoopWatch


@pytest.fixture
async def checker() -> AsyncIterator[PictureChecker]:
    async with open_picture_checker(PictureLimits(max_pixels=4_000_000)) as opened:
        yield opened


async def test_a_good_picture_is_measured(checker: PictureChecker) -> None:
    found = await checker.check(data_url(drawn(form="JPEG"), "image/jpeg"))

    assert found == PictureFacts("image/jpeg", 640, 360)


async def test_a_trap_is_refused_and_the_next_picture_is_taken(checker: PictureChecker) -> None:
    with pytest.raises(ProtocolError, match="4000000 pixels"):
        await checker.check(data_url(png_that_says(3000, 3000, bytes(9_003_000))))

    assert await checker.check(data_url(drawn())) == PictureFacts("image/png", 640, 360)


async def test_what_is_too_long_is_not_even_sent_to_the_process() -> None:
    async with open_picture_checker(PictureLimits(max_bytes=1000)) as checker:
        with pytest.raises(ProtocolError, match="larger than 1000 bytes"):
            await checker.check("data:image/png;base64," + "A" * 2000)


async def test_a_picture_that_takes_too_long_ends_the_process_and_the_next_has_another() -> None:
    settings = {"max_bytes": 1 << 30, "max_pixels": 1 << 30, "reads_text": False}
    large, small = ({"image_url": data_url(file)} for file in (noise(3000, 3000), drawn()))
    async with open_process(settings, name="picture", limit_s=10) as process:
        await process.call("check", small)
        process_id = _worker_id(process)
        process._limit_s = 0.02

        with pytest.raises(EngineError, match="too long"):
            await process.call("check", large)

        process._limit_s = 10
        assert (await process.call("check", small))["width"] == 640
        assert _worker_id(process) != process_id


async def test_ten_megabytes_hold_the_loop_for_less_than_50_ms(checker: PictureChecker) -> None:
    url = data_url(noise(1100, 3100))
    assert len(url) > 13_000_000
    await checker.check(data_url(drawn()))

    async with LoopWatch() as watch:
        found = await checker.check(url)

    assert (found.width, found.height) == (1100, 3100)
    assert watch.longest_ms < 50


def _worker_id(process: PictureProcess) -> int:
    assert process._worker is not None
    return process._worker.pid
