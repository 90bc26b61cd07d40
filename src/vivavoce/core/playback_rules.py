"""What follows from what the listener hears, where the server does the playing.

| When | and | then |
| --- | --- | --- |
| speech starts, or the client says `output_audio_buffer.clear` | something is played | clear it |
| it was cleared | - | say so, and truncate what was not heard to its end |
| the last sound of a response was played | nobody speaks, nothing is answered | await the user |

Source: protocol reference, "Playback and barge-in" (50, section 7).
"""

from vivavoce.core.inputs import PlaybackCleared, PlaybackEnded, PlaybackStarted
from vivavoce.core.outputs import ClearPlayback
from vivavoce.core.state import SessionState
from vivavoce.core.truncation_rules import truncate_answer
from vivavoce.protocol.items import Message, OutputAudio
from vivavoce.protocol.server_events import (
    OutputAudioBufferCleared,
    OutputAudioBufferStarted,
    OutputAudioBufferStopped,
)


def clear(state: SessionState) -> None:
    """Stop all that is being played or waits for it; `on_cleared` follows."""
    if state.playback.is_busy or state.interludes.is_busy:
        state.emit(ClearPlayback())


def on_started(state: SessionState, started: PlaybackStarted) -> None:
    """Take note that the listener begins to hear a response."""
    response_id = started.response_id
    if state.playback.start(response_id):
        state.send(OutputAudioBufferStarted(event_id=state.event_id(), response_id=response_id))


def on_ended(state: SessionState, ended: PlaybackEnded) -> None:
    """Take note that the listener heard a response to its end."""
    response_id = ended.response_id
    if state.playback.end(response_id):
        state.send(OutputAudioBufferStopped(event_id=state.event_id(), response_id=response_id))
        state.await_user_after_playback()


def on_cleared(state: SessionState, cleared: PlaybackCleared) -> None:
    """Take note of what the listener heard of a response before it was cut."""
    response_id = cleared.response_id
    if state.playback.cut(response_id):
        state.send(OutputAudioBufferCleared(event_id=state.event_id(), response_id=response_id))
    for item in cleared.items:
        _truncate(state, item.item_id, item.played_ms)
    if state.responses.find(response_id) is None:
        state.playback.forget(response_id)
    state.await_user_after_playback()


def _truncate(state: SessionState, item_id: str, played_ms: int) -> None:
    record = state.conversation.get(item_id)
    if record is None or not isinstance(record.item, Message) or not record.item.content:
        return  # deleted since, or never part of the conversation
    if not isinstance(record.item.content[0], OutputAudio):
        return
    already = record.truncated_ms
    end_ms = min(played_ms, int(record.answer_audio_ms if already is None else already))
    truncate_answer(state, item_id, 0, end_ms)
