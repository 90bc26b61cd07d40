"""Pictures on their way: looked at before the session is told, read one after the other."""

import pytest

from vivavoce.core.inputs import ClientSent
from vivavoce.errors import ProtocolError
from vivavoce.interfaces import MalformedEvent, PictureFacts
from vivavoce.protocol.client_events import (
    ClientEvent,
    ConversationItemCreate,
    InputAudioBufferClear,
    ResponseCreate,
)
from vivavoce.protocol.items import InputImage, InputText, ItemReference, Message
from vivavoce.protocol.response import ResponseCreateParams
from vivavoce.runtime.picture_checks import with_its_pictures

GOOD = "data:image/png;base64,AAAA"
BAD = "data:image/png;base64,BBBB"
FACTS = PictureFacts("image/png", 4, 3)


class Checker:
    """Knows one bad picture."""

    async def check(self, image_url: str) -> PictureFacts:
        if image_url == BAD:
            raise ProtocolError("the picture can't be decoded.")
        return FACTS


def message(*urls: str) -> Message:
    pictures = (InputImage(image_url=url) for url in urls)
    return Message(role="user", content=(InputText(text="Look:"), *pictures))


async def test_the_session_is_told_what_each_picture_is() -> None:
    params = ResponseCreateParams(input=(ItemReference(id="a"), message(GOOD), message(GOOD)))

    told = await with_its_pictures(ClientSent(ResponseCreate(response=params)), Checker())

    assert isinstance(told, ClientSent)
    assert told.pictures == (FACTS, FACTS)


@pytest.mark.parametrize(
    ("event", "param"),
    [
        (ConversationItemCreate(item=message(GOOD, BAD)), "item.content[2].image_url"),
        (
            ResponseCreate(response=ResponseCreateParams(input=(message(GOOD), message(BAD)))),
            "response.input[1].content[1].image_url",
        ),
    ],
)
async def test_a_bad_picture_makes_its_event_an_error_for_the_one_who_sent_it(
    event: ClientEvent, param: str
) -> None:
    told = await with_its_pictures(ClientSent(event, connection=3), Checker())

    assert isinstance(told, MalformedEvent)
    assert (told.code, told.param, told.connection) == ("invalid_value", param, 3)
    assert told.message == f"Invalid value for '{param}': the picture can't be decoded."


@pytest.mark.parametrize("event", [InputAudioBufferClear(), ResponseCreate()])
async def test_other_events_are_as_they_were(event: ClientEvent) -> None:
    sent = ClientSent(event)

    assert await with_its_pictures(sent, Checker()) is sent
    assert await with_its_pictures(sent, None) is sent
