"""The one table of what the wire has and what this server does with it, each with its proof.

A proof is a transcript by name, or a test as `file::function`. `test_coverage.py` checks that there
is a row for every field and event, that proofs exist and are about what they prove, and that what
is refused is refused by name. `coverage_page.py` makes the reference page of it.
"""

from dataclasses import dataclass
from typing import Literal

State = Literal["enacted", "told", "refused", "left out", "not yet"]
"""`enacted`: it does what it says. `told`: the server says it, clients don't set it. `left out`:
accepted, but not echoed, unless the engines can do it. `not yet`: never sent."""


@dataclass(frozen=True)
class Row:
    """What is done with one field or event."""

    state: State
    proof: str
    note: str = ""


ECHO = (
    "properties/test_echo_is_effect.py::test_ten_thousand_updates_in_random_order_do_what_they_show"
)
LEFT_OUT = "core/test_left_out.py::"
TRANSLATION = "core/test_translation.py::"
TRANSLATION_END = "core/test_translation_end.py::"
TRANSLATION_SETTINGS = "core/test_translation_settings.py::"
TRANSLATION_TRANSCRIPTS = "core/test_translation_transcripts.py::"
RESUMED = (
    "transports/test_resume.py::test_a_thousand_cuts_lose_and_double_nothing_in_either_direction"
)
HINTS = "core/test_transcription_settings.py::"

REALTIME: dict[str, Row] = {
    "id": Row("told", "greeting"),
    "object": Row("told", "greeting"),
    "expires_at": Row("told", "session_expiry"),
    "model": Row("enacted", "model_cannot_change", "another one in an update is ignored"),
    "output_modalities": Row("enacted", ECHO),
    "instructions": Row("enacted", ECHO),
    "tools": Row("enacted", ECHO, "functions, and MCP servers; hosted connectors are refused"),
    "tool_choice.name": Row("enacted", ECHO, "and `auto`, `none`, `required`"),
    "tool_choice.server_label": Row("enacted", ECHO, "and `name`, of an MCP server's tool"),
    "max_output_tokens": Row("enacted", ECHO),
    "parallel_tool_calls": Row("enacted", ECHO),
    "reasoning.effort": Row(
        "left out",
        LEFT_OUT + "test_reasoning_is_left_out_of_the_echo_where_the_model_does_not_reason",
        "enacted with a model that reasons; an operator may have it refused",
    ),
    "temperature": Row("enacted", "beta_options", "Beta only; unknown in GA"),
    "tracing.workflow_name": Row(
        "enacted",
        "runtime/test_tracing.py::test_the_trace_begins_with_the_names_that_the_client_gave",
    ),
    "tracing.group_id": Row(
        "enacted",
        "runtime/test_tracing.py::test_the_trace_begins_with_the_names_that_the_client_gave",
    ),
    "tracing.metadata": Row(
        "enacted",
        "runtime/test_tracing.py::test_the_trace_begins_with_the_names_that_the_client_gave",
    ),
    "truncation.retention_ratio": Row("enacted", ECHO, "and `auto`, `disabled`"),
    "truncation.token_limits.post_instructions": Row("enacted", ECHO),
    "prompt.id": Row("enacted", "stored_prompt"),
    "prompt.version": Row("enacted", "stored_prompt"),
    "prompt.variables": Row("enacted", "stored_prompt"),
    "include": Row("enacted", ECHO),
    "audio.input.format.rate": Row("enacted", ECHO),
    "audio.input.format": Row("enacted", ECHO, "PCM 24 kHz, mu-law, A-law"),
    "audio.input.transcription.model": Row("enacted", ECHO),
    "audio.input.transcription.language": Row("enacted", ECHO),
    "audio.input.transcription.prompt": Row("enacted", ECHO, "where the transcriber can"),
    "audio.input.transcription.languages": Row(
        "enacted", HINTS + "test_the_hints_say_all_that_was_asked", "where the transcriber can"
    ),
    "audio.input.transcription.keywords": Row(
        "enacted", HINTS + "test_the_hints_say_all_that_was_asked", "where the transcriber can"
    ),
    "audio.input.transcription.delay": Row(
        "enacted", HINTS + "test_the_hints_say_all_that_was_asked", "of streaming models"
    ),
    "audio.input.noise_reduction.type": Row("enacted", ECHO),
    "audio.input.noise_reduction.strength": Row("enacted", ECHO, "0 to 2"),
    "audio.input.turn_detection.threshold": Row("enacted", ECHO),
    "audio.input.turn_detection.prefix_padding_ms": Row("enacted", ECHO),
    "audio.input.turn_detection.silence_duration_ms": Row("enacted", ECHO),
    "audio.input.turn_detection.idle_timeout_ms": Row("enacted", ECHO),
    "audio.input.turn_detection.create_response": Row("enacted", ECHO),
    "audio.input.turn_detection.interrupt_response": Row("enacted", ECHO),
    "audio.input.turn_detection.eagerness": Row("enacted", ECHO),
    "audio.output.format.rate": Row("enacted", ECHO),
    "audio.output.format": Row("enacted", ECHO, "PCM 24 kHz, mu-law, A-law"),
    "audio.output.voice.id": Row("enacted", ECHO, "ten names; ids where the synthesizer can"),
    "audio.output.speed": Row("enacted", ECHO),
}
TRANSCRIPTION: dict[str, Row] = {
    path: row for path, row in REALTIME.items() if path.startswith("audio.input.")
} | {
    "id": Row("told", "transcription_session"),
    "object": Row("told", "transcription_session"),
    "expires_at": Row("told", "transcription_session"),
    "include": Row(
        "enacted", "core/test_transcriptions.py::test_log_probabilities_come_only_when_included"
    ),
    "audio.input.turn_detection.create_response": Row(
        "enacted", "transcription_session", "without effect, as in the reference: nothing answers"
    ),
    "audio.input.turn_detection.interrupt_response": Row(
        "enacted", "transcription_session", "without effect, as in the reference: nothing answers"
    ),
}
TRANSLATION_SESSION: dict[str, Row] = {
    "id": Row("told", TRANSLATION_SETTINGS + "test_the_session_is_greeted_with_its_settings"),
    "expires_at": Row("told", TRANSLATION_END + "test_the_session_expires"),
    "model": Row("told", TRANSLATION_SETTINGS + "test_the_session_is_greeted_with_its_settings"),
    "audio.input.transcription.model": Row(
        "enacted",
        TRANSLATION_TRANSCRIPTS + "test_the_source_is_transcribed_when_the_client_asks_for_it",
    ),
    "audio.input.noise_reduction.type": Row(
        "enacted", TRANSLATION_SETTINGS + "test_noise_reduction_is_echoed_with_its_strength"
    ),
    "audio.input.noise_reduction.strength": Row(
        "enacted", TRANSLATION_SETTINGS + "test_noise_reduction_is_echoed_with_its_strength"
    ),
    "audio.output.language": Row(
        "enacted", TRANSLATION_SETTINGS + "test_a_language_change_holds_from_the_next_utterance_on"
    ),
}

CLIENT_EVENTS: dict[str, Row] = {
    "input_audio_buffer.append": Row(
        "enacted", "transports/test_websocket.py::test_the_largest_append_is_heard_whole"
    ),
    "session.input_audio_buffer.append": Row(
        "enacted", TRANSLATION + "test_an_utterance_is_translated_when_it_is_over"
    ),
    "session.close": Row(
        "enacted", TRANSLATION_END + "test_closing_translates_what_is_pending_first"
    ),
}
"""Those that no transcript shows; the others are proved by the transcripts that hold them."""
SERVER_EVENTS: dict[str, Row] = {
    "vivavoce.call.progress": Row(
        "told", "api/test_dialling.py::test_a_call_is_made_answered_and_hung_up", "our own"
    ),
    "vivavoce.call.transfer": Row(
        "told", "api/test_transfers.py::test_a_transfer_that_succeeds_ends_the_call_here", "our own"
    ),
    "vivavoce.playback.started": Row("told", "interlude_line", "our own, over WebRTC and SIP"),
    "vivavoce.playback.ended": Row("told", "interlude_line", "our own, over WebRTC and SIP"),
    "output_audio_buffer.started": Row("told", "playback", "only with WebRTC and SIP"),
    "output_audio_buffer.stopped": Row("told", "playback", "only with WebRTC and SIP"),
    "output_audio_buffer.cleared": Row("told", "playback_barge_in", "only with WebRTC and SIP"),
    "rate_limits.updated": Row(
        "enacted",
        "api/test_limits.py::test_what_is_left_is_reported_behind_each_answer",
        "where the operator has set limits",
    ),
    "vivavoce.turn.timing": Row(
        "enacted",
        "runtime/test_runner.py::test_timing_is_reported_to_a_client_that_asked_for_extensions",
        "`?extensions=1`",
    ),
    "vivavoce.session.resumable": Row("enacted", RESUMED, "`?resume=1`"),
    "vivavoce.session.resumed": Row("enacted", RESUMED, "`?resume=TOKEN`"),
    "session.closed": Row(
        "enacted", TRANSLATION_END + "test_closing_translates_what_is_pending_first"
    ),
    "session.input_transcript.delta": Row(
        "enacted",
        TRANSLATION_TRANSCRIPTS + "test_the_source_is_transcribed_when_the_client_asks_for_it",
    ),
    "session.output_transcript.delta": Row(
        "enacted", TRANSLATION + "test_text_and_whole_frames_of_sound_go_out"
    ),
    "session.output_audio.delta": Row(
        "enacted", TRANSLATION + "test_text_and_whole_frames_of_sound_go_out"
    ),
}
"""As for client events."""
