"""Pictures in the user's messages: how they are taken, read, shown to engines, and let go.

An engine that sees is given the picture itself; any other one is given what a reader found in it,
in words, once, so that its prompt stays as it is. Source: protocol reference, "Image input" (50,
section 13), 90-uncertain (23 and 24).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from msgspec import UNSET, UnsetType, structs

from vivavoce.core.options import PictureRules
from vivavoce.core.settings import refused
from vivavoce.core.tokens import image_tokens
from vivavoce.errors import ProtocolError
from vivavoce.interfaces import Detail, PictureFacts, PictureReading
from vivavoce.protocol.items import InputImage

MAX_ECHOED_CHARS = 512 * 1024
"""Larger pictures are left out of the events that echo their item: many clients take messages of at
most 1 MiB, and the same picture comes twice."""
MAX_TEXT_CHARS = 2_000
"""Of the words in one picture: about 500 tokens of a window of 8,192."""
UNSEEN = "The user shows a picture that you can't see."
BLIND = "If asked what else it shows, such as animals, people or things, say that you can't see it."
UNREADABLE = f"{UNSEEN} It could not be read, so you know nothing of it; say so."
GONE = "The user showed a picture here. It is too long ago to be looked at again."


@dataclass(slots=True)
class Picture:
    """One picture of an item."""

    picture_id: str
    url: str
    """The data URL; empty: it was let go."""
    detail: Detail
    words: str | None
    """What a model that does not see is told of it; None: awaited; empty: the engine sees it."""
    quote: str = ""
    """The text in it. The user shows it, so it has no more weight than what the user says."""
    tokens: int = 0
    """Wire tokens, of a picture that the engine sees."""


class TakenPictures:
    """The pictures of one client event, as its items are turned into records."""

    def __init__(self, rules: PictureRules, facts: Sequence[PictureFacts] = ()) -> None:
        """Begin with the first one.

        Args:
            rules: of the session.
            facts: what the pictures of the event are, in their order; empty: not known.
        """
        self._rules = rules
        self._facts: Iterator[PictureFacts] = iter(facts)
        self._taken_bytes = 0

    def take(self, part: InputImage, picture_id: str, where: str) -> Picture:
        """Return a picture as the session keeps it.

        Args:
            part: as the client sent it.
            picture_id: unique in the session.
            where: its path on the wire, for errors.

        Raises:
            ProtocolError: this server takes no pictures, or the event has too much of them.
        """
        if self._rules.use == "refused":
            raise refused(f"{where}.type", "the language model cannot see pictures")
        assert isinstance(part.image_url, str)  # checked when the event was decoded
        self._taken_bytes += len(part.image_url)
        if self._taken_bytes > self._rules.kept_bytes:
            raise ProtocolError(
                f"Invalid value for '{where}.image_url': the pictures of one event may have at "
                f"most {self._rules.kept_bytes} characters.",
                param=f"{where}.image_url",
            )
        detail = "auto" if isinstance(part.detail, UnsetType) else part.detail
        facts = next(self._facts, None)
        if self._rules.use == "read":
            return Picture(picture_id, part.image_url, detail, None)
        tokens = 0 if facts is None else image_tokens(facts.width, facts.height, detail)
        return Picture(picture_id, part.image_url, detail, "", tokens=tokens)


def shown_part(picture: Picture) -> InputImage:
    """Return a picture as its item is echoed: without the data where that is large."""
    url = picture.url if 0 < len(picture.url) <= MAX_ECHOED_CHARS else UNSET
    return InputImage(image_url=url, detail=picture.detail)


def whole_part(part: InputImage, picture: Picture) -> InputImage:
    """Return a picture as its item is retrieved: with the data, if it is still kept."""
    return structs.replace(part, image_url=picture.url or UNSET)


def let_go(picture: Picture) -> None:
    """Forget the data of a picture; what was said of it stays."""
    picture.url = ""
    picture.words = picture.words or GONE
    picture.tokens = 0


def describe(picture: Picture, reading: PictureReading | None) -> None:
    """Put a picture into words: no more than was found out.

    Args:
        picture: its words are awaited.
        reading: what was found; None: nothing was.
    """
    if reading is None:
        picture.words = UNREADABLE
        return
    colours = " and ".join(reading.colours)
    mostly = f", mostly {colours}" if colours else ""
    size = f"{reading.width} x {reading.height} pixels{mostly}"
    known = f"All you know of it: {size}, {_about_text(reading.lines)}."
    picture.words = f"{UNSEEN} {known} {BLIND}"
    picture.quote = _quote(reading.lines) if reading.lines else ""


def _about_text(lines: Sequence[str] | None) -> str:
    if lines is None:
        return "and that text in it can't be read here"
    return "and the text in it, which follows" if lines else "and that it has no text"


def _quote(lines: Sequence[str]) -> str:
    text = " / ".join(lines)
    if len(text) > MAX_TEXT_CHARS:
        text = f"{text[:MAX_TEXT_CHARS]} (and more)"
    return f'[Text in the picture: "{text}"]'
