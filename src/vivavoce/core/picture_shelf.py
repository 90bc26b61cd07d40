"""The pictures that a session keeps, of its conversation and of the `input` of responses alike.

Where the engine sees none they are put into words; responses wait for those as for transcripts.
"""

from collections.abc import Callable

from vivavoce.core.conversation import ItemRecord
from vivavoce.core.inputs import PictureRead
from vivavoce.core.outputs import ForgetPictures, Output, ReadPicture
from vivavoce.core.pictures import describe


class PictureShelf:
    """Keeps the newest pictures within a limit; asks for their words and takes them."""

    def __init__(self, kept_bytes: int, emit: Callable[[Output], None]) -> None:
        """Begin with none.

        Args:
            kept_bytes: how much the data URLs of all pictures together may have.
            emit: takes what is to be done.
        """
        self._kept_bytes = kept_bytes
        self._emit = emit
        self._records: list[ItemRecord] = []
        """Items with pictures that are kept, in the order in which they came."""

    def put(self, record: ItemRecord) -> None:
        """Keep the pictures of a new item, if it has any; what is too much by now goes."""
        if not record.pictures:
            return
        for picture in record.pictures.values():
            if picture.words is None:
                self._emit(ReadPicture(picture.picture_id, picture.url, picture.detail))
        self._records.append(record)
        while sum(map(_size_bytes, self._records)) > self._kept_bytes:
            self.forget(self._records[0])

    def take(self, read: PictureRead) -> ItemRecord | None:
        """Keep what was found; return the item, unless its pictures were let go meanwhile."""
        for record in self._records:
            for picture in record.pictures.values():
                if picture.picture_id == read.picture_id:
                    describe(picture, read.reading)
                    record.text_tokens = None  # counted without these words
                    return record
        return None

    def forget(self, record: ItemRecord) -> None:
        """Let the pictures of an item go, and wait for none of them."""
        if record in self._records:
            self._records.remove(record)
            self._emit(ForgetPictures(record.item_id, record.forget_pictures()))


def _size_bytes(record: ItemRecord) -> int:
    return sum(len(picture.url) for picture in record.pictures.values())
