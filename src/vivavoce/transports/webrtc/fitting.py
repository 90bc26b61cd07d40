"""Events in messages that a data channel takes (90-uncertain, points 24 and 31).

Nothing splits an event. What makes one too large is nearly always sound or a picture; that is left
out, and `error` says so where the client asked for it.
"""

from collections.abc import Callable, Iterator, Sequence

from msgspec import UNSET, structs

from vivavoce.ids import NewId
from vivavoce.protocol.items import (
    ContentPart,
    InputAudio,
    InputImage,
    Message,
    OutputAudio,
)
from vivavoce.protocol.server_events import (
    ConversationItemAdded,
    ConversationItemDone,
    ConversationItemRetrieved,
    ErrorDetail,
    ErrorEvent,
    ServerEvent,
)

TOO_LARGE = "message_too_large"
Encode = Callable[[ServerEvent], Sequence[bytes]]
WithItem = ConversationItemAdded | ConversationItemDone | ConversationItemRetrieved


def fitting_events(
    event: ServerEvent, max_bytes: int, encode: Encode, new_id: NewId
) -> Iterator[bytes]:
    """Yield the messages for an event, each of at most `max_bytes`.

    Args:
        event: as the session sent it.
        max_bytes: what the peer takes.
        encode: of the dialect.
        new_id: for `error`, where something was left out.
    """
    texts = encode(event)
    if all(len(text) <= max_bytes for text in texts):
        yield from texts
        return
    kind = event.__struct_config__.tag
    smaller = _without_media(event)
    if smaller is not None:
        texts = encode(smaller)
        if all(len(text) <= max_bytes for text in texts):
            yield from texts
            if isinstance(event, ConversationItemRetrieved):
                yield from encode(_error(f"The sound of '{kind}'", max_bytes, new_id))
            return
    yield from encode(_error(f"An event '{kind}'", max_bytes, new_id))


def _without_media(event: ServerEvent) -> ServerEvent | None:
    if not isinstance(event, WithItem) or not isinstance(event.item, Message):
        return None
    content = tuple(map(_bare, event.item.content))
    return structs.replace(event, item=structs.replace(event.item, content=content))


def _bare(part: ContentPart) -> ContentPart:
    match part:
        case InputAudio() | OutputAudio():
            return structs.replace(part, audio=UNSET)
        case InputImage():
            return structs.replace(part, image_url=UNSET)
        case _:
            return part


def _error(what: str, max_bytes: int, new_id: NewId) -> ErrorEvent:
    message = f"{what} was left out: the data channel takes messages of at most {max_bytes} bytes."
    detail = ErrorDetail(type="invalid_request_error", code=TOO_LARGE, message=message)
    return ErrorEvent(event_id=new_id("event"), error=detail)
