"""What a session is told of the events that its clients send."""

from msgspec import structs

from vivavoce.core.inputs import KeyHeard, SidebandOpened, TranslationClientSent
from vivavoce.interfaces import (
    PRIMARY,
    KeyPressed,
    MalformedEvent,
    PictureChecker,
    Received,
)
from vivavoce.protocol.client_events import (
    InputAudioBufferAppend,
    SessionClose,
    SessionInputAudioBufferAppend,
    TranslationUpdate,
)
from vivavoce.runtime.inbox import Arrival
from vivavoce.runtime.picture_checks import with_its_pictures
from vivavoce.runtime.prompt_lookup import FindPrompt, with_its_prompt


async def arrival_of(
    event: Received | SidebandOpened,
    connection: int,
    find_prompt: FindPrompt,
    picture_checker: PictureChecker | None = None,
) -> Arrival:
    """Return what goes into the inbox for an event.

    Args:
        event: as it came.
        connection: the number of the connection that it came by.
        find_prompt: looks up a stored prompt that the event names.
        picture_checker: looks at the pictures in the event; None: the session takes none.
    """
    match event:
        case InputAudioBufferAppend() | SidebandOpened():
            return event
        case SessionInputAudioBufferAppend(audio=audio):
            return InputAudioBufferAppend(audio=audio)
        case KeyPressed(key=key, wall_s=wall_s):
            return KeyHeard(key, wall_s)
        case MalformedEvent():
            return structs.replace(event, connection=connection)
        case TranslationUpdate() | SessionClose():
            return TranslationClientSent(event)
        case _:
            sent = await with_its_prompt(event, find_prompt)
            if connection != PRIMARY:
                sent = structs.replace(sent, connection=connection)
            return await with_its_pictures(sent, picture_checker)
