"""What follows from the user's speech: interruption, commit, preparing, answering.

| When | and | then |
| --- | --- | --- |
| speech starts | a response is in progress, interruption is on | cancel it, `turn_detected` |
| speech starts | the server plays, interruption is on | stop playing |
| a pause begins | - | ask the transcriber for all words before it |
| a pause lasts | the words are there, the turn seems over | prepare an answer |
| speech resumes | an answer is prepared | discard it |
| a pause lasts | semantic_vad: words and sound seem complete, or not | wait less, or longer |
| speech stops | - | commit the buffer, add the item, end its transcription |
| an item was committed by a turn | answers are automatic, none is in progress | respond |
| its words are there | they agree with what was prepared from | release the prepared answer |

Source: protocol reference, "Flows" (50, sections 3, 6, 8) and architecture, sections 4 and 16.
"""

from typing import assert_never

from vivavoce.core import keypad_rules, playback_rules
from vivavoce.core.conversation import ItemRecord
from vivavoce.core.inputs import AudioHeard, TranscriptionFailed, TurnJudged
from vivavoce.core.new_items import user_audio_record
from vivavoce.core.outputs import TurnEnded
from vivavoce.core.state import PauseVerdict, SessionState
from vivavoce.core.turn_detector import (
    SilenceGrew,
    SpeechResumed,
    SpeechStarted,
    SpeechStopped,
    TurnMark,
)
from vivavoce.core.turn_ends import JUDGE_AFTER_MS, TurnEndReason, turn_end, waits_of
from vivavoce.errors import ProtocolError
from vivavoce.interfaces import Transcript
from vivavoce.media.pcm import silence
from vivavoce.protocol.audio_settings import SemanticVad, ServerVad
from vivavoce.protocol.server_events import (
    InputAudioBufferCleared,
    InputAudioBufferCommitted,
    InputAudioBufferSpeechStarted,
    InputAudioBufferSpeechStopped,
    InputAudioBufferTimeoutTriggered,
)

MIN_COMMIT_MS = 100  # 60-errors-limits, section 3
MIN_FINISHED_PROBABILITY = 0.5  # of the end-of-turn model, before an answer is prepared


def on_audio(state: SessionState, heard: AudioHeard) -> None:
    """Follow the sound, and act on each turn boundary in it."""
    for mark in state.turns.hear(heard.data, heard.probabilities):
        _on_mark(state, mark)


def _on_mark(state: SessionState, mark: TurnMark) -> None:
    match mark:
        case SpeechStarted():
            _on_speech_started(state, mark)
        case SilenceGrew(silence_ms=silence_ms):
            _on_silence(state, silence_ms)
        case SpeechResumed():
            state.turns.resume()
            state.transcriptions.resume(state.turns.item_id or "")
            state.responses.discard_prepared()
        case SpeechStopped():
            _on_speech_stopped(state, mark)
        case _:
            assert_never(mark)


def _on_speech_started(state: SessionState, mark: SpeechStarted) -> None:
    keypad_rules.write_down(state)
    if state.settings.audio.input.turn_detection is None:
        # The client alone says when a turn ends; its words are wanted before.
        state.transcriptions.begin(state.turns.follow(mark), state.settings)
        return
    item_id = state.turns.begin(mark)
    state.deadlines.stop_idle()
    state.compaction.give_up()
    state.send(
        InputAudioBufferSpeechStarted(
            event_id=state.event_id(), audio_start_ms=state.turns.start_ms, item_id=item_id
        )
    )
    state.transcriptions.begin(item_id, state.settings)
    active = state.responses.active
    if state.vad is not None and state.vad.interrupt_response:
        if active is not None:
            state.responses.cancel(active, "turn_detected")
        playback_rules.clear(state)


def _on_silence(state: SessionState, silence_ms: int) -> None:
    if silence_ms >= state.options.pause_after_ms and not state.turns.is_paused:
        state.turns.pause()
        state.transcriptions.pause(state.turns.item_id or "")
        state.pause_verdict = PauseVerdict(seems_finished=not state.options.judges_turns)
    judge_after_ms = _judge_after_ms(state)
    if (
        judge_after_ms is not None
        and silence_ms >= judge_after_ms
        and state.pause_verdict.asked_at_ms is None
    ):
        state.pause_verdict.asked_at_ms = state.turns.judge()
    _think_of_the_pause(state)


def _judge_after_ms(state: SessionState) -> int | None:
    """Return the silence after which the end-of-turn model is asked; None: it is not."""
    if state.options.judges_turns and state.options.prepare_after_ms is not None:
        return state.options.prepare_after_ms
    if state.options.has_turn_judge and isinstance(state.vad, SemanticVad):
        return JUDGE_AFTER_MS
    return None


def _think_of_the_pause(state: SessionState) -> None:
    """Do what follows from all that is known of the pause under way."""
    _set_wait(state)
    # Sound may have come faster than it was spoken: then all the silence it takes is there.
    if (stopped := state.turns.stop_if_due()) is not None:
        _on_speech_stopped(state, stopped)
    else:
        _maybe_prepare(state)


def _set_wait(state: SessionState) -> None:
    """Let semantic_vad say how long a silence ends the turn."""
    vad, item_id = state.vad, state.turns.item_id
    if not isinstance(vad, SemanticVad) or item_id is None or not state.turns.is_paused:
        return
    verdict = state.pause_verdict
    verdict.end = turn_end(
        state.transcriptions.at_pause(item_id),
        verdict.probability,
        waits_of(vad),
        has_judge=state.options.has_turn_judge,
    )
    state.turns.wait(verdict.end.wait_ms)


def on_judged(state: SessionState, verdict: TurnJudged) -> None:
    """Take the end-of-turn model's verdict."""
    of_this_pause = (state.turns.item_id, state.pause_verdict.asked_at_ms)
    if (verdict.item_id, verdict.pause_ms) == of_this_pause:
        state.pause_verdict.probability = verdict.probability
        state.pause_verdict.seems_finished = verdict.probability > MIN_FINISHED_PROBABILITY
        _think_of_the_pause(state)


def _maybe_prepare(state: SessionState) -> None:
    """Prepare an answer in the pause, if everything speaks for it."""
    prepare_after_ms, item_id = state.options.prepare_after_ms, state.turns.item_id
    if prepare_after_ms is None or item_id is None or not state.turns.is_paused:
        return
    if state.turns.silence_ms < prepare_after_ms or not _seems_finished(state):
        return
    transcript = (state.transcriptions.at_pause(item_id) or "").strip()
    answers = state.vad is not None and state.vad.create_response
    if not transcript or not answers or not _nothing_pends(state):
        return
    sound = state.turns.sound() if state.options.hears_audio else b""
    record = user_audio_record(item_id, sound)
    record.pending.clear()
    record.heard[0] = transcript
    state.responses.prepare(state.own_settings(), record)


def _seems_finished(state: SessionState) -> bool:
    """Whether the turn is probably over: by the model's word, or because half the wait is.

    The model takes many whole sentences for unfinished; a pause this long is seldom within one, and
    what is prepared in vain is dropped when speech resumes (decision 0005).
    """
    verdict = state.pause_verdict
    if verdict.is_spent or state.vad is None:
        return False
    if verdict.seems_finished or (verdict.end is not None and verdict.end.is_complete):
        return True
    return 2 * state.turns.silence_ms >= state.turns.wait_ms


def _nothing_pends(state: SessionState) -> bool:
    if state.responses.prepared is not None or state.responses.active is not None:
        return False
    return not any(record.is_awaited for record in state.conversation.context)


def _on_speech_stopped(state: SessionState, mark: SpeechStopped) -> None:
    item_id, audio = state.turns.finish(mark.end_ms)
    verdict = state.pause_verdict
    reason: TurnEndReason = "silence" if verdict.end is None else verdict.end.reason
    state.emit(TurnEnded(item_id, reason, mark.silence_ms, verdict.probability))
    state.send(
        InputAudioBufferSpeechStopped(
            event_id=state.event_id(), audio_end_ms=mark.end_ms, item_id=item_id
        )
    )
    record = user_audio_record(item_id, audio)
    _commit_record(state, record)
    state.transcriptions.commit(record, state.settings)
    vad = state.vad
    if vad is not None and vad.create_response and state.responses.active is None:
        _respond_to(state, record)
    else:
        state.responses.discard_prepared()
    _take_early_end(state, item_id)


def _take_early_end(state: SessionState, item_id: str) -> None:
    """Act on a transcription that ended before its turn did: its engine failed, most likely."""
    match state.transcriptions.early(item_id):
        case Transcript() as transcript:
            on_transcribed(state, state.transcriptions.advance(item_id, transcript))
        case TranscriptionFailed() as failure:
            on_transcription_failed(state, failure)
        case None:
            pass


def commit(state: SessionState) -> None:
    """Make an item of the buffer because the client says so."""
    uncommitted_ms = state.turns.uncommitted_ms
    if uncommitted_ms < MIN_COMMIT_MS:
        raise ProtocolError(
            "Error committing input audio buffer: buffer too small. Expected at least "
            f"{MIN_COMMIT_MS}ms of audio, but buffer only has {uncommitted_ms:.2f}ms of audio.",
            code="input_audio_buffer_commit_empty",
        )
    silence_ms = state.turns.silence_ms
    item_id, audio, is_transcribed = state.turns.take_all()
    state.emit(TurnEnded(item_id, "client_commit", silence_ms))
    record = user_audio_record(item_id, audio)
    _commit_record(state, record)
    if is_transcribed:
        state.transcriptions.commit(record, state.settings)
        _take_early_end(state, item_id)
    else:
        state.transcriptions.recognise(record, state.settings)


def _commit_record(state: SessionState, record: ItemRecord) -> None:
    previous = state.conversation.add(record)
    state.send(
        InputAudioBufferCommitted(
            event_id=state.event_id(), previous_item_id=previous, item_id=record.item_id
        )
    )
    state.announce_item(record, previous)


def clear(state: SessionState) -> None:
    """Forget the buffer, and the turn under way."""
    silence_ms = state.turns.silence_ms
    dropped = state.turns.clear()
    if dropped is not None:
        state.transcriptions.cancel(dropped)
        state.emit(TurnEnded(dropped, "client_clear", silence_ms))
    state.send(InputAudioBufferCleared(event_id=state.event_id()))


def on_transcribed(state: SessionState, record: ItemRecord | None) -> None:
    """Take note of a report of the transcriber, and of the item it completed, if it did."""
    if record is not None:
        state.window.count(record)
        state.start_ready()
    _think_of_the_pause(state)


def on_transcription_failed(state: SessionState, failure: TranscriptionFailed) -> None:
    """Take note that the words of an item will not come."""
    record = state.transcriptions.fail(failure.item_id, failure.message, failure.code)
    if record is None:
        return
    active = state.responses.active
    if active is not None and active.answers is record and not active.job_id:
        if state.options.hears_audio:
            active.answers = None  # the responder hears for itself whether anything was said
            state.responses.discard_prepared()
        else:
            message = f"The user's speech could not be transcribed: {failure.message}"
            state.responses.fail_response(active, message, failure.code)
    state.start_ready()


def _respond_to(state: SessionState, record: ItemRecord) -> None:
    prepared = state.responses.prepared
    settings = state.own_settings()
    response = state.begin_response(settings, None, record)
    if prepared is not None:
        prepared.claimed_by = response
    state.start_ready()


def on_idle(state: SessionState) -> None:
    """Make an item of the silence and answer it."""
    vad = state.vad
    state.deadlines.stop_idle()
    if not isinstance(vad, ServerVad) or not isinstance(vad.idle_timeout_ms, int):
        return
    end_ms = state.turns.heard_ms
    item_id = state.new_id("item")
    state.emit(TurnEnded(item_id, "idle_timeout", vad.idle_timeout_ms))
    state.send(
        InputAudioBufferTimeoutTriggered(
            event_id=state.event_id(),
            audio_start_ms=max(0, end_ms - vad.idle_timeout_ms),
            audio_end_ms=end_ms,
            item_id=item_id,
        )
    )
    record = user_audio_record(item_id, silence(vad.idle_timeout_ms).data)
    record.pending.clear()
    record.silence_ms = vad.idle_timeout_ms
    _commit_record(state, record)
    settings = state.own_settings()
    state.begin_response(settings, None, None)
    state.start_ready()
