"""What follows from the keys that a caller presses (SIP).

| When | and | then |
| --- | --- | --- |
| a key is pressed | - | tell the client |
| a key is pressed | keys are part of the conversation, interruption is on | stop answering |
| `#`, a pause, or speech | keys are part of the conversation | a user message says what was typed |
| `#` or a pause | answers are automatic, none is in progress | respond |

The first line is the protocol's (50, section 22); the others are an extension, off by default.
"""

from vivavoce.core import playback_rules
from vivavoce.core.conversation import ItemRecord
from vivavoce.core.inputs import KeyHeard
from vivavoce.core.keypad import PAUSE_S
from vivavoce.core.state import SessionState
from vivavoce.protocol.items import InputText, Message
from vivavoce.protocol.server_events import InputAudioBufferDtmfEventReceived


def on_key(state: SessionState, heard: KeyHeard) -> None:
    """Take note of a key."""
    state.send(
        InputAudioBufferDtmfEventReceived(
            event_id=state.event_id(), event=heard.key, received_at=heard.wall_s
        )
    )
    if not state.options.dtmf_to_conversation or not state.answers:
        return
    state.deadlines.stop_idle()
    _interrupt(state)
    if state.keypad.press(heard.key):
        on_pause(state)
    else:
        state.deadlines.keypad_at = state.now + PAUSE_S


def on_pause(state: SessionState) -> None:
    """Make a message of what was typed, and answer it."""
    write_down(state)
    vad = state.vad
    answers = vad is not None and vad.create_response and state.turns.item_id is None
    if answers and state.responses.active is None:
        state.begin_response(state.own_settings())
        state.start_ready()


def write_down(state: SessionState) -> None:
    """Make a message of what was typed, if anything was."""
    state.deadlines.keypad_at = None
    if state.keypad.is_empty:
        return
    keys = " ".join(state.keypad.take())
    text = f"(The caller typed on the telephone's keypad: {keys})"
    item = Message(
        id=state.new_id("item"),
        object="realtime.item",
        status="completed",
        role="user",
        content=(InputText(text=text),),
    )
    record = ItemRecord(item)
    state.responses.discard_prepared()
    state.announce_item(record, state.conversation.add(record))
    state.window.count(record)


def _interrupt(state: SessionState) -> None:
    vad = state.vad
    if not state.keypad.is_empty or vad is None or not vad.interrupt_response:
        return
    if (active := state.responses.active) is not None:
        state.responses.cancel(active, "turn_detected")
    playback_rules.clear(state)
