"""Whom the session's events are for."""

import msgspec

from vivavoce.core.inputs import ClientSent, Input, SessionOpened, SidebandOpened, Tick
from vivavoce.core.options import SessionOptions
from vivavoce.core.outputs import Output, Send
from vivavoce.core.session import Session
from vivavoce.ids import counting_ids
from vivavoce.interfaces import MalformedEvent
from vivavoce.protocol.client_events import (
    ConversationItemCreate,
    ConversationItemRetrieve,
    InputAudioBufferClear,
)
from vivavoce.protocol.items import InputText, Message
from vivavoce.protocol.server_events import ServerEvent

ITEM = Message(id="item_9", role="user", content=(InputText(text="Hello."),))


def opened(**options: float) -> Session:
    session = Session(SessionOptions(**options), new_id=counting_ids())  # type: ignore[arg-type]  # numbers
    session.handle(SessionOpened(wall_s=0), 0.0)
    return session


def sent(outputs: list[Output]) -> list[tuple[str, int | None]]:
    """Return type and addressee of each event."""
    return [
        (msgspec.to_builtins(output.event)["type"], output.to)
        for output in outputs
        if isinstance(output, Send)
    ]


def test_an_item_is_announced_to_all_and_retrieved_for_whoever_asked() -> None:
    session = opened()

    created = session.handle(ClientSent(ConversationItemCreate(item=ITEM), connection=2), 1.0)
    retrieved = session.handle(
        ClientSent(ConversationItemRetrieve(item_id="item_9"), connection=2), 1.0
    )

    assert sent(created) == [("conversation.item.added", None), ("conversation.item.done", None)]
    assert sent(retrieved) == [("conversation.item.retrieved", 2)]


def test_an_error_goes_to_the_connection_whose_event_was_wrong() -> None:
    session = opened()
    unknown = ConversationItemRetrieve(item_id="item_unknown")

    refused = session.handle(ClientSent(unknown), 1.0)
    malformed = session.handle(MalformedEvent("no", None, None, connection=3), 1.0)

    assert sent(refused) == [("error", 0)]
    assert sent(malformed) == [("error", 3)]


def test_that_the_session_expired_is_told_to_all() -> None:
    session = opened(max_duration_s=10.0)

    assert sent(session.handle(Tick(), 11.0)) == [("error", None)]


def test_a_sideband_is_greeted_and_nobody_else() -> None:
    assert sent(opened().handle(SidebandOpened(4), 1.0)) == [("session.created", 4)]


def test_a_sideband_of_a_transcription_session_is_greeted_with_one() -> None:
    session = Session(SessionOptions(kind="transcription"), new_id=counting_ids())

    (first, *_) = session.handle(SessionOpened(wall_s=0), 0.0)
    (greeting,) = session.handle(SidebandOpened(1), 1.0)

    assert isinstance(first, Send)
    assert isinstance(greeting, Send)
    assert greeting.event.session == first.event.session  # type: ignore[union-attr]  # session.created


def test_what_is_for_all_is_recorded_as_it_was_before_there_were_sidebands() -> None:
    event: ServerEvent = opened().handle(ClientSent(InputAudioBufferClear()), 1.0)[0].event  # type: ignore[union-attr]  # it is sent

    assert set(msgspec.to_builtins(Send(event))) == {"type", "event"}
    assert set(msgspec.to_builtins(Send(event, 1))) == {"type", "event", "to"}


def test_a_recorded_event_without_a_connection_is_the_first_clients() -> None:
    recorded = {"type": "ClientSent", "event": {"type": "input_audio_buffer.clear"}}

    assert msgspec.convert(recorded, Input) == ClientSent(InputAudioBufferClear(), connection=0)
