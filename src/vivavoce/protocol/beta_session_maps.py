"""Sessions from Beta to GA and back (20-session-config, "GA <-> Beta name map")."""

from collections.abc import Mapping
from typing import TypeVar

from msgspec import UNSET, UnsetType, structs

from vivavoce.protocol.audio_settings import (
    AudioFormat,
    NoiseReduction,
    PcmaFormat,
    PcmFormat,
    PcmuFormat,
    SemanticVad,
    ServerVad,
    Transcription,
    TurnDetection,
    Voice,
)
from vivavoce.protocol.beta_session import (
    BetaAudioFormat,
    BetaNoiseReduction,
    BetaRealtimeUpdate,
    BetaSession,
    BetaToolChoice,
    BetaTranscription,
    BetaTranscriptionSession,
    BetaTranscriptionUpdate,
    BetaTurnDetection,
    NoTurnDetection,
)
from vivavoce.protocol.session import (
    AudioInput,
    AudioInputUpdate,
    AudioOutputUpdate,
    AudioUpdate,
    Modality,
    RealtimeSession,
    RealtimeSessionUpdate,
    TranscriptionAudioUpdate,
    TranscriptionSession,
    TranscriptionSessionUpdate,
)
from vivavoce.protocol.tools import FunctionTool, NamedMcp, ToolChoice

T = TypeVar("T")

_TO_GA: Mapping[BetaAudioFormat, AudioFormat] = {
    "pcm16": PcmFormat(),
    "g711_ulaw": PcmuFormat(),
    "g711_alaw": PcmaFormat(),
}
_TO_BETA: Mapping[type[AudioFormat], BetaAudioFormat] = {
    type(form): name for name, form in _TO_GA.items()
}


# --- towards GA -------------------------------------------------------------------------------


def realtime_update_to_ga(update: BetaRealtimeUpdate) -> RealtimeSessionUpdate:
    """Return the update in GA's nested form. Only what the client mentions is mentioned."""
    output = AudioOutputUpdate(
        format=format_to_ga(update.output_audio_format),
        voice=given(update.voice),
        speed=given(update.speed),
    )
    return RealtimeSessionUpdate(
        model=given(update.model),
        output_modalities=modalities_to_ga(update.modalities),
        instructions=given(update.instructions),
        tools=given(update.tools),
        tool_choice=given(update.tool_choice),
        temperature=given(update.temperature),
        max_output_tokens=given(update.max_response_output_tokens),
        tracing=update.tracing,
        prompt=update.prompt,
        include=update.include,
        audio=AudioUpdate(input=_input_to_ga(update), output=output),
    )


def transcription_update_to_ga(update: BetaTranscriptionUpdate) -> TranscriptionSessionUpdate:
    """Return the update in GA's nested form."""
    return TranscriptionSessionUpdate(
        audio=TranscriptionAudioUpdate(input=_input_to_ga(update)), include=update.include
    )


def format_to_ga(name: BetaAudioFormat | UnsetType | None) -> AudioFormat | UnsetType:
    """Return the format that a Beta name stands for."""
    return UNSET if name is None or isinstance(name, UnsetType) else _TO_GA[name]


def modalities_to_ga(
    modalities: tuple[Modality, ...] | UnsetType | None,
) -> tuple[Modality, ...] | UnsetType:
    """Return the one modality that is left when audio implies its text."""
    if modalities is None or isinstance(modalities, UnsetType):
        return UNSET
    return ("audio",) if "audio" in modalities else ("text",)


def given(value: T | UnsetType | None) -> T | UnsetType:
    """Return the value; null, which Beta clients write for "not given", as UNSET."""
    return UNSET if value is None else value


def _input_to_ga(update: BetaRealtimeUpdate | BetaTranscriptionUpdate) -> AudioInputUpdate:
    return AudioInputUpdate(
        format=format_to_ga(update.input_audio_format),
        transcription=_transcription_to_ga(update.input_audio_transcription),
        noise_reduction=_noise_reduction_to_ga(update.input_audio_noise_reduction),
        turn_detection=_turn_detection_to_ga(update.turn_detection),
    )


def _transcription_to_ga(
    transcription: BetaTranscription | UnsetType | None,
) -> Transcription | UnsetType | None:
    if not isinstance(transcription, BetaTranscription):
        return transcription
    return Transcription(
        model=given(transcription.model),
        language=transcription.language or UNSET,
        prompt=transcription.prompt or UNSET,
    )


def _noise_reduction_to_ga(
    noise_reduction: BetaNoiseReduction | UnsetType | None,
) -> NoiseReduction | UnsetType | None:
    if not isinstance(noise_reduction, BetaNoiseReduction):
        return noise_reduction
    return NoiseReduction(type=noise_reduction.type)


def _turn_detection_to_ga(
    detection: BetaTurnDetection | UnsetType | None,
) -> TurnDetection | UnsetType | None:
    match detection:
        case NoTurnDetection():
            return None
        case ServerVad():
            return structs.replace(detection, idle_timeout_ms=UNSET)  # GA only
        case _:
            return detection


# --- towards Beta -----------------------------------------------------------------------------


def session_to_beta(session: RealtimeSession, spoken_as: tuple[Modality, ...]) -> BetaSession:
    """Return the flat form of a session.

    Args:
        session: the effective one.
        spoken_as: the modalities that stand for spoken answers, as the client gave them.
    """
    sound = session.audio
    return BetaSession(
        id=session.id,
        model=session.model,
        expires_at=session.expires_at,
        modalities=modalities_to_beta(session.output_modalities, spoken_as),
        instructions=session.instructions,
        voice=_voice_name(sound.output.voice),
        turn_detection=_turn_detection_to_beta(sound.input),
        input_audio_format=format_to_beta(sound.input.format),
        output_audio_format=format_to_beta(sound.output.format),
        input_audio_transcription=_transcription_to_beta(sound.input),
        input_audio_noise_reduction=_noise_reduction_to_beta(sound.input),
        tool_choice=_tool_choice_to_beta(session.tool_choice),
        temperature=session.temperature,
        max_response_output_tokens=session.max_output_tokens,
        speed=sound.output.speed,
        tracing=session.tracing,
        prompt=session.prompt,
        include=session.include,
        tools=tuple(tool for tool in session.tools if isinstance(tool, FunctionTool)),
    )


def transcription_session_to_beta(session: TranscriptionSession) -> BetaTranscriptionSession:
    """Return the flat form of a transcription session; texts that are not set are empty."""
    heard = session.audio.input
    asked = _transcription_to_beta(heard)
    if asked is not None:
        asked = structs.replace(asked, language=asked.language or "", prompt=asked.prompt or "")
    detection = _turn_detection_to_beta(heard)
    if detection is not None:  # nothing answers in such a session
        detection = structs.replace(detection, create_response=UNSET, interrupt_response=UNSET)
    return BetaTranscriptionSession(
        id=session.id,
        expires_at=session.expires_at,
        input_audio_format=format_to_beta(heard.format),
        input_audio_transcription=asked,
        turn_detection=detection,
        input_audio_noise_reduction=_noise_reduction_to_beta(heard),
        include=session.include,
    )


def modalities_to_beta(
    modalities: tuple[Modality, ...], spoken_as: tuple[Modality, ...]
) -> tuple[Modality, ...]:
    """Return the modalities as a Beta client expects them; arguments as for `session_to_beta`."""
    return spoken_as if "audio" in modalities else modalities


def format_to_beta(audio_format: AudioFormat) -> BetaAudioFormat:
    """Return the Beta name of a format."""
    return _TO_BETA[type(audio_format)]


def _voice_name(voice: Voice) -> str:
    return voice if isinstance(voice, str) else voice.id


def _turn_detection_to_beta(heard: AudioInput) -> ServerVad | SemanticVad | None:
    detection = heard.turn_detection
    if isinstance(detection, ServerVad):
        return structs.replace(detection, idle_timeout_ms=UNSET)
    return detection


def _transcription_to_beta(heard: AudioInput) -> BetaTranscription | None:
    asked = heard.transcription
    if asked is None:
        return None
    return BetaTranscription(model=asked.model, language=asked.language, prompt=asked.prompt)


def _noise_reduction_to_beta(heard: AudioInput) -> BetaNoiseReduction | None:
    reduction = heard.noise_reduction
    return None if reduction is None else BetaNoiseReduction(type=reduction.type)


def _tool_choice_to_beta(choice: ToolChoice) -> BetaToolChoice:
    return "auto" if isinstance(choice, NamedMcp) else choice
