"""What follows from the wish to play the listener a line or a sound. An extension.

| When | and | then |
| --- | --- | --- |
| a line is asked for | - | it follows what was made before; later answers wait for its end |
| a sound is asked for | - | it is heard while nothing is said; a new one takes its place |
| an answer's sound is there | a sound is being played | the sound ends |
| speech starts, or all sound is cleared | interruption is on | lines and sounds end as well |
| the last of them ends | nobody speaks, nothing is answered | await the user |

The playout puts them in their order; what it says of them comes in as `Interlude...`.
"""

from msgspec import UNSET

from vivavoce.core.inputs import InterludeEnded, InterludeFailed
from vivavoce.core.interludes import MOST
from vivavoce.core.outputs import PlayLine, PlaySound, StopInterlude
from vivavoce.core.state import SessionState
from vivavoce.errors import ProtocolError
from vivavoce.interfaces import PRIMARY
from vivavoce.protocol.client_events import VivavocePlaybackPlay, VivavocePlaybackStop
from vivavoce.protocol.extensions import VivavocePlaybackEnded, VivavocePlaybackStarted
from vivavoce.protocol.refusals import invalid_value

OPENING_LINE = "opening_line"
"""The id of the line that the operator has a call begin with."""


def begin(state: SessionState) -> None:
    """Say what the operator wants said first, and take note of who may ask for more."""
    if state.options.extensions:
        state.interludes.allow(PRIMARY)
    if state.options.opening_line and state.options.plays_out:
        _play_line(state, OPENING_LINE, state.options.opening_line)


def play(state: SessionState, event: VivavocePlaybackPlay) -> None:
    """Let the listener hear something.

    Raises:
        ProtocolError: not here, not so, or not of this.
    """
    _check_asker(state)
    if not state.options.plays_out:
        raise ProtocolError(
            "The server plays lines and sounds only over WebRTC and SIP.", param="type"
        )
    playback_id = _new_playback_id(state, event)
    if isinstance(event.text, str):
        _check_line(state, event)
        _play_line(state, playback_id, event.text)
        return
    _check_sound(state, event)
    state.interludes.add(playback_id)
    state.deadlines.stop_idle()
    data = event.audio if isinstance(event.audio, bytes) else b""
    named = event.sound if isinstance(event.sound, str) else None
    state.emit(PlaySound(playback_id, named, data, event.loop))


def stop(state: SessionState, event: VivavocePlaybackStop) -> None:
    """Stop one of them, or all.

    Raises:
        ProtocolError: there is no such one.
    """
    _check_asker(state)
    if event.playback_id is UNSET:
        for playback_id in state.interludes.playback_ids:
            state.emit(StopInterlude(playback_id))
        return
    if event.playback_id not in state.interludes:
        raise ProtocolError(
            f"Nothing with id '{event.playback_id[:100]}' is being played.",
            code="playback_not_found",
            param="playback_id",
        )
    state.emit(StopInterlude(event.playback_id))


def on_started(state: SessionState, playback_id: str) -> None:
    """Take note that the listener begins to hear one."""
    if state.interludes.start(playback_id):
        started = VivavocePlaybackStarted(event_id=state.event_id(), playback_id=playback_id)
        state.send(started)


def on_ended(state: SessionState, ended: InterludeEnded) -> None:
    """Take note that one is over."""
    if state.interludes.end(ended.playback_id):
        state.send(
            VivavocePlaybackEnded(
                event_id=state.event_id(),
                playback_id=ended.playback_id,
                reason=ended.reason,
                played_ms=ended.played_ms,
            )
        )
        state.await_user_after_playback()


def on_failed(state: SessionState, failed: InterludeFailed) -> None:
    """Take note that a line can't be spoken, so that nothing waits for it."""
    if not state.interludes.end(failed.playback_id):
        return
    state.emit(StopInterlude(failed.playback_id))
    state.send(
        VivavocePlaybackEnded(
            event_id=state.event_id(),
            playback_id=failed.playback_id,
            reason="failed",
            played_ms=0,
            message=failed.message,
        )
    )
    state.await_user_after_playback()


def _play_line(state: SessionState, playback_id: str, text: str) -> None:
    state.interludes.add(playback_id)
    state.deadlines.stop_idle()
    own = state.own_settings()
    state.emit(PlayLine(playback_id, text, own.voice, own.speed))


def _check_asker(state: SessionState) -> None:
    if not state.interludes.may_be_asked_by(state.asker):
        raise ProtocolError(
            "This is an extension: connect with '?extensions=1' to use it.", param="type"
        )


def _new_playback_id(state: SessionState, event: VivavocePlaybackPlay) -> str:
    if state.interludes.is_full:
        raise ProtocolError(f"At most {MOST} lines and sounds may wait to be played.")
    if event.playback_id is UNSET:
        return state.new_id("play")
    if event.playback_id in state.interludes:
        raise ProtocolError(
            f"'{event.playback_id}' is being played, or waits for that.", param="playback_id"
        )
    return event.playback_id


def _check_line(state: SessionState, event: VivavocePlaybackPlay) -> None:
    if event.sound is not UNSET or event.audio is not UNSET:
        raise _one_of()
    if event.loop:
        raise ProtocolError("A line is not repeated; only sounds are.", param="loop")
    if not state.options.speaks_lines:
        raise ProtocolError("The engine of this server speaks nothing but answers.", param="text")


def _check_sound(state: SessionState, event: VivavocePlaybackPlay) -> None:
    if (event.sound is UNSET) == (event.audio is UNSET):
        raise _one_of()
    if isinstance(event.sound, str) and event.sound not in state.options.sounds:
        raise invalid_value(f"'{event.sound}'", state.options.sounds, param="sound")
    if event.audio == b"":
        raise ProtocolError("There is no sound in it.", param="audio")


def _one_of() -> ProtocolError:
    return ProtocolError("Exactly one of 'text', 'sound' and 'audio' is needed.", param="text")
