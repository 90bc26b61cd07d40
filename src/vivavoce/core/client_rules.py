"""What the client asks of items and responses.

Source: protocol reference, "Client events" (30).
"""

from collections.abc import Mapping

from msgspec import UnsetType, structs

from vivavoce.core import mcp_rules
from vivavoce.core.configured import updated_session
from vivavoce.core.conversation import ItemRecord, duplicate_item_id
from vivavoce.core.inputs import PictureRead
from vivavoce.core.left_out import paths_left_out
from vivavoce.core.mcp_tools import McpDefinition, read_servers
from vivavoce.core.new_items import new_record
from vivavoce.core.outputs import LeaveOut, TurnEnded
from vivavoce.core.pictures import TakenPictures
from vivavoce.core.response_input import read_input
from vivavoce.core.response_settings import resolve
from vivavoce.core.state import SessionState
from vivavoce.core.stored_prompts import prompted_response
from vivavoce.core.transcription_session import shown_session
from vivavoce.core.transcription_settings import follows_speech
from vivavoce.core.truncation_rules import truncate_answer
from vivavoce.errors import ProtocolError
from vivavoce.protocol.audio_settings import AudioFormat, ServerVad, TurnDetection
from vivavoce.protocol.client_events import (
    ConversationItemCreate,
    ConversationItemDelete,
    ConversationItemRetrieve,
    ConversationItemTruncate,
    SessionUpdate,
)
from vivavoce.protocol.response import ResponseCreateParams
from vivavoce.protocol.server_events import (
    ConversationItemDeleted,
    ConversationItemRetrieved,
    SessionUpdated,
)
from vivavoce.protocol.stored_prompts import PromptTemplate


def update_session(state: SessionState, event: SessionUpdate) -> None:
    """Apply an update wholly, or not at all."""
    before = state.settings
    servers = apply_session(state, event.session, state.found_prompt)
    now = state.settings
    shown = shown_session(now, state.options.kind)
    state.send(SessionUpdated(event_id=state.event_id(), session=shown))
    state.mcp_servers.set_up(servers, state.now, anew=True)
    if (now.instructions, now.tools) != (before.instructions, before.tools):
        state.configure_window()
        state.prefill()


def apply_session(
    state: SessionState, update: object, found: PromptTemplate | None
) -> Mapping[str, McpDefinition]:
    """Make the session what an update says, without telling the client.

    Return the servers of tools that it names; they are still to be set up.

    Args:
        state: of the session.
        update: as in `session.update`, or as bound to the key of the connection.
        found: the stored prompt that it names, if there is one.

    Raises:
        ProtocolError: a field is refused or wrong; nothing is applied then.
    """
    left_out = set(paths_left_out(update, state.options)) - state.left_out
    detected_turns = state.settings.audio.input.turn_detection is not None
    state.settings, state.prompted, servers = updated_session(
        state.settings,
        state.prompted,
        update,
        found,
        options=state.options,
        spoke_already=state.spoke_already,
        check_tool=state.check_tool,
        check_server=state.check_server,
        known=state.mcp_servers.definitions,
    )
    if left_out:
        state.left_out |= left_out
        state.emit(LeaveOut(tuple(sorted(left_out))))
    now = state.settings
    if (now.audio.input.turn_detection is not None) != detected_turns:
        dropped = state.turns.abandon()
        if dropped is not None:
            state.transcriptions.cancel(dropped)
            state.emit(TurnEnded(dropped, "turn_detection_changed"))
    state.turns.configure(now.audio.input, follows=follows_speech(now, state.options))
    state.deadlines.idle_timeout_s = _idle_timeout_s(state.vad)
    return servers


def retrieve_item(state: SessionState, event: ConversationItemRetrieve) -> None:
    """Send an item with its audio."""
    item = state.conversation.retrieve(event.item_id, _input_format(state))
    state.answer(ConversationItemRetrieved(event_id=state.event_id(), item=item))


def delete_item(state: SessionState, event: ConversationItemDelete) -> None:
    """Take an item out of the conversation; a response that waited for its words goes on."""
    record = state.conversation.get(event.item_id)
    state.conversation.delete(event.item_id)
    if record is not None:
        state.pictures.forget(record)
    state.transcriptions.cancel(event.item_id)
    state.send(ConversationItemDeleted(event_id=state.event_id(), item_id=event.item_id))
    state.start_ready()


def create_item(state: SessionState, event: ConversationItemCreate) -> None:
    """Add an item that the client brings."""
    mcp_rules.check_new_item(state, event.item)
    input_format, pictures = _input_format(state), _taken_pictures(state)
    record = new_record(event.item, state.new_id, input_format, "item", pictures)
    if record.item_id == state.turns.item_id:
        raise duplicate_item_id(record.item_id)  # speech_started has promised it to the turn
    previous = state.conversation.add(record, event.previous_item_id)
    state.announce_item(record, previous)
    state.window.count(record)
    state.transcriptions.recognise(record, state.settings)
    state.pictures.put(record)
    mcp_rules.on_new_item(state, record)


def take_words(state: SessionState, read: PictureRead) -> None:
    """Take what was found in a picture; a response that waited for it goes on."""
    record = state.pictures.take(read)
    if record is None:
        return
    state.window.count(record)
    state.start_ready()
    if state.responses.active is None:
        state.prefill()


def truncate_item(state: SessionState, event: ConversationItemTruncate) -> None:
    """Forget what the listener did not hear."""
    truncate_answer(state, event.item_id, event.content_index, event.audio_end_ms)


def create_response(state: SessionState, params: ResponseCreateParams | UnsetType) -> None:
    """Begin a response that the client asks for."""
    params = ResponseCreateParams() if isinstance(params, UnsetType) else params
    active = state.responses.active
    if params.conversation != "none" and active is not None:
        raise ProtocolError(
            "Conversation already has an active response in progress: "
            f"{active.response_id}. Wait until the response is finished before creating a "
            "new one.",
            code="conversation_already_has_active_response",
        )
    known = state.mcp_servers.definitions
    tools, servers = read_servers(params.tools, "response", known, state.check_server)
    params = structs.replace(params, tools=tools)
    voice_is_fixed = state.spoke_already and params.conversation != "none"
    params = prompted_response(
        params,
        state.found_prompt,
        options=state.options,
        voice_is_fixed=voice_is_fixed,
        check_tool=state.check_tool,
    )
    settings = resolve(
        state.settings,
        params,
        options=state.options,
        spoke_already=state.spoke_already,
        check_tool=state.check_tool,
    )
    given: list[ItemRecord] | None = None
    if not isinstance(params.input, UnsetType):
        input_format, pictures = _input_format(state), _taken_pictures(state)
        given = read_input(params.input, state.conversation, state.new_id, input_format, pictures)
    state.mcp_servers.set_up(servers, state.now, anew=False)
    state.begin_response(settings, given, None)
    for record in given or ():
        if record.item_id not in state.conversation:
            state.transcriptions.recognise(record, state.settings)
            state.pictures.put(record)
    state.start_ready()


def cancel_response(state: SessionState, response_id: str | UnsetType) -> None:
    """End a response that the client does not want any more."""
    response = state.responses.find(response_id)
    if response is None:
        raise ProtocolError(
            "Cancellation failed: no active response found", code="response_cancel_not_active"
        )
    state.continuation.give_up(response.response_id)
    state.responses.cancel(response, "client_cancelled")


def _taken_pictures(state: SessionState) -> TakenPictures:
    return TakenPictures(state.options.pictures, state.found_pictures)


def _input_format(state: SessionState) -> AudioFormat:
    return state.settings.audio.input.format


def _idle_timeout_s(vad: TurnDetection | None) -> float | None:
    if not isinstance(vad, ServerVad) or not isinstance(vad.idle_timeout_ms, int):
        return None
    return vad.idle_timeout_ms / 1000
