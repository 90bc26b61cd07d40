"""Brings a client's event together with what its pictures are; what is no picture is refused.

Done before the session is told, as sound is decoded before it: so the session never sees a picture
that can't be decoded, and what it is told is recorded. It waits, so that events keep their order.
"""

from collections.abc import Iterator

from msgspec import structs

from vivavoce.core.inputs import ClientSent
from vivavoce.errors import ProtocolError
from vivavoce.interfaces import MalformedEvent, PictureChecker
from vivavoce.protocol.client_events import ClientEvent, ConversationItemCreate, ResponseCreate
from vivavoce.protocol.items import InputImage, InputItem, Message
from vivavoce.protocol.response import ResponseCreateParams


async def with_its_pictures(
    sent: ClientSent, checker: PictureChecker | None
) -> ClientSent | MalformedEvent:
    """Return what the session is told of an event.

    Args:
        sent: the event.
        checker: None: nothing is looked at; the session takes no pictures.
    """
    if checker is None:
        return sent
    facts = []
    for url, path in _pictures_of(sent.event):
        try:
            facts.append(await checker.check(url))
        except ProtocolError as error:
            return MalformedEvent(
                f"Invalid value for '{path}': {error.message}",
                error.code,
                path,
                sent.event.event_id if isinstance(sent.event.event_id, str) else None,
                connection=sent.connection,
            )
    return structs.replace(sent, pictures=tuple(facts)) if facts else sent


def _pictures_of(event: ClientEvent) -> Iterator[tuple[str, str]]:
    """Yield the data URL of each picture and its path on the wire, in the order of the event."""
    match event:
        case ConversationItemCreate(item=item):
            yield from _in_item(item, "item")
        case ResponseCreate(response=ResponseCreateParams(input=tuple() as items)):
            for index, item in enumerate(items):
                yield from _in_item(item, f"response.input[{index}]")
        case _:
            pass


def _in_item(item: InputItem, where: str) -> Iterator[tuple[str, str]]:
    if not isinstance(item, Message):
        return
    for index, part in enumerate(item.content):
        if isinstance(part, InputImage) and isinstance(part.image_url, str):
            yield part.image_url, f"{where}.content[{index}].image_url"
