"""Pictures that are put into words for one session: one after the other, in their order."""

import asyncio
from collections.abc import Awaitable, Callable

from vivavoce.core.inputs import Input, PictureRead
from vivavoce.core.outputs import ForgetPictures, ReadPicture
from vivavoce.interfaces import PictureReader
from vivavoce.runtime.jobs import Jobs, Watch

PICTURE = "picture "


class PictureJobs:
    """Starts and cancels; a picture that can't be read is reported as such."""

    def __init__(
        self, jobs: Jobs, reader: PictureReader | None, post: Callable[[Input], Awaitable[None]]
    ) -> None:
        self._jobs = jobs
        self._reader = reader
        self._post = post
        self._turn = asyncio.Lock()

    def start(self, order: ReadPicture) -> None:
        """Have a picture read when those before it are."""

        async def read(watch: Watch) -> None:
            assert self._reader is not None  # else there would be no such order
            async with self._turn:
                watch.engine_is_asked()
                reading = await self._reader.read(order.image_url, order.detail)
                watch.engine_has_answered()
            await self._post(PictureRead(order.picture_id, reading))

        self._jobs.start(
            PICTURE + order.picture_id, read, lambda *_: PictureRead(order.picture_id, None)
        )

    def forget(self, order: ForgetPictures) -> None:
        """Give up those of them that still wait or are being read."""
        for picture_id in order.picture_ids:
            self._jobs.cancel(PICTURE + picture_id)
