"""Sessions that only write down what they hear.

Inside they are sessions like all others, in which nothing ever asks for an answer. What the client
sees of their settings, and may say about them, is less.
Source: protocol reference, "Transcription session" (20-session-config, section 7).
"""

from msgspec import UNSET, Struct, UnsetType, structs

from vivavoce.core.options import SessionKind, SessionOptions
from vivavoce.core.settings import merge, refused
from vivavoce.core.transcription_settings import STREAMING_MODELS
from vivavoce.errors import ProtocolError
from vivavoce.interfaces import Tool
from vivavoce.protocol.audio_settings import ServerVad
from vivavoce.protocol.client_events import (
    ClientEvent,
    ConversationItemTruncate,
    OutputAudioBufferClear,
    ResponseCancel,
    ResponseCreate,
)
from vivavoce.protocol.session import (
    AudioInput,
    AudioUpdate,
    RealtimeSession,
    RealtimeSessionUpdate,
    Session,
    TranscriptionSession,
    TranscriptionSessionAudio,
    TranscriptionSessionUpdate,
)

OF_ANSWERS = (ResponseCreate, ResponseCancel, OutputAudioBufferClear, ConversationItemTruncate)
"""Client events about something that there never is here."""
DETECTION = "session.audio.input.turn_detection"


def shown_session(session: RealtimeSession, kind: SessionKind) -> Session:
    """Return the effective session as its client sees it."""
    if kind == "realtime":
        return session
    detection = session.audio.input.turn_detection
    if detection is not None:
        detection = structs.replace(detection, create_response=UNSET, interrupt_response=UNSET)
    if isinstance(detection, ServerVad):
        detection = structs.replace(detection, idle_timeout_ms=UNSET)
    audio_input = structs.replace(session.audio.input, turn_detection=detection)
    return TranscriptionSession(
        id=session.id,
        expires_at=session.expires_at,
        audio=TranscriptionSessionAudio(input=audio_input),
        include=session.include,
    )


def merge_transcription(
    current: RealtimeSession, update: object, *, options: SessionOptions
) -> RealtimeSession:
    """Return `current` with the fields that an update of a transcription session mentions.

    Raises:
        ProtocolError: a field is refused or wrong; nothing is to be applied then.
    """
    if not isinstance(update, TranscriptionSessionUpdate):
        raise ProtocolError(
            "A realtime session update cannot be applied to a transcription session.",
            code="invalid_parameter",
            param="session",
        )
    merged = merge(
        current,
        RealtimeSessionUpdate(audio=_audio(update), include=update.include),
        options=options,
        spoke_already=False,
        check_tool=_no_tools,
    )
    audio_input = _without_answers(merged.audio.input)
    return structs.replace(merged, audio=structs.replace(merged.audio, input=audio_input))


def refuse_answers(event: ClientEvent) -> None:
    """Let every event pass that has a meaning in a transcription session.

    Raises:
        ProtocolError: it is about answers.
    """
    if isinstance(event, OF_ANSWERS):
        raise ProtocolError(
            "A transcription session makes no responses; this event has no meaning in it.",
            param="type",
        )


def _audio(update: TranscriptionSessionUpdate) -> AudioUpdate | UnsetType:
    if isinstance(update.audio, UnsetType):
        return UNSET
    given = update.audio.input
    detection = given.turn_detection if isinstance(given, Struct) else None
    # `create_response` and `interrupt_response` are allowed, and have no effect.
    if isinstance(detection, ServerVad) and isinstance(detection.idle_timeout_ms, int):
        raise refused(f"{DETECTION}.idle_timeout_ms", "nobody answers in this session")
    return AudioUpdate(input=given)


def _without_answers(audio_input: AudioInput) -> AudioInput:
    detection, asked = audio_input.turn_detection, audio_input.transcription
    if detection is None:
        return audio_input
    if asked is not None and asked.model in STREAMING_MODELS:
        raise ProtocolError(
            "Turn detection is not supported for this transcription model; set it to null and "
            "commit the input audio buffer.",
            param=DETECTION,
        )
    silent = structs.replace(detection, create_response=False, interrupt_response=False)
    return structs.replace(audio_input, turn_detection=silent)


def _no_tools(tool: Tool) -> None:
    raise AssertionError(f"a transcription session has no tools such as {tool.name}")
