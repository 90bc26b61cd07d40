"""What a client may ask of transcription, and what the transcriber is told of it.

What the engine cannot honour is refused by name. All names of models are served by the one
transcriber; they say how it is used. Source: protocol reference, "Input transcription"
(20-session-config, sections 6 and 7).
"""

from msgspec import UNSET, UnsetType

from vivavoce.core.options import SessionKind, SessionOptions
from vivavoce.errors import ProtocolError
from vivavoce.interfaces import Delay, TranscriberAbilities, TranscriptionHints
from vivavoce.protocol.audio_settings import Transcription
from vivavoce.protocol.session import RealtimeSession

STREAMING_MODELS = ("gpt-live-transcribe", "gpt-realtime-whisper")
"""They write while one speaks; where nothing is answered, their clients say when a turn ends."""
DIARIZING_MODEL = "gpt-4o-transcribe-diarize"
TRANSCRIPTION_MODELS = (
    "whisper-1",
    "gpt-4o-transcribe",
    "gpt-4o-mini-transcribe",
    "gpt-4o-mini-transcribe-2025-12-15",
    "gpt-transcribe",
    *STREAMING_MODELS,
    DIARIZING_MODEL,
)
"""Names of the reference (60-errors-limits, section 6)."""
LOGPROBS = "item.input_audio_transcription.logprobs"
LIST_LIMIT = 100
"""Keywords and languages beyond it are refused: no prompt of a transcriber holds more."""


def check_transcription(transcription: Transcription, where: str, options: SessionOptions) -> None:
    """Accept what the client asks of transcription, or refuse it by name.

    Args:
        transcription: as received.
        where: its path on the wire.
        options: what the transcriber can do, and the kind of session.

    Raises:
        ProtocolError: a field that this transcriber cannot honour, or a wrong value.
    """
    abilities = options.transcriber
    _check_model(transcription.model, where, abilities)
    language = transcription.language
    if isinstance(language, str) and language:
        _check_language(language, f"{where}.language", abilities)
    for name in ("languages", "keywords"):
        if len(_list(getattr(transcription, name))) > LIST_LIMIT:
            raise ProtocolError(f"'{where}.{name}' is too long.", param=f"{where}.{name}")
    for index, code in enumerate(_list(transcription.languages)):
        _check_language(code, f"{where}.languages[{index}]", abilities)
    for name in _asked(transcription):
        if name != "languages" and not getattr(abilities, name):
            raise _refused(f"{where}.{name}", "the transcriber cannot honour it")
    _check_candidates(transcription, where, abilities)
    if _asked_delay(transcription) is not None and not _writes_early(transcription, options.kind):
        raise _refused(
            f"{where}.delay",
            f"it is for models that write while one speaks: {_names(STREAMING_MODELS)}",
        )


def check_include(include: object, where: str, abilities: TranscriberAbilities) -> None:
    """Accept the list of what is to be included, or refuse it.

    Raises:
        ProtocolError: the transcriber knows no probabilities.
    """
    if isinstance(include, (tuple, list)) and LOGPROBS in include and not abilities.logprobs:
        raise _refused(where, "the transcriber knows no probabilities of its words")


def hints_of(session: RealtimeSession) -> TranscriptionHints:
    """Return what the transcriber is told of the client's wishes."""
    asked = session.audio.input.transcription
    if asked is None:
        return TranscriptionHints()
    candidates = _list(asked.languages)
    return TranscriptionHints(
        model=_given(asked.model),
        language=candidates[0] if len(candidates) == 1 else _given(asked.language),
        languages=candidates if len(candidates) > 1 else (),
        prompt=_given(asked.prompt),
        keywords=_list(asked.keywords),
        delay=_asked_delay(asked),
        logprobs=bool(session.include),
        speakers=asked.model == DIARIZING_MODEL,
    )


def writes_early(session: RealtimeSession, kind: SessionKind) -> bool:
    """Whether the client is shown words before the speech is an item.

    Some clients of conversations throw on an item they have not seen; so there only where the
    model's name promises it.
    """
    asked = session.audio.input.transcription
    return asked is not None and _writes_early(asked, kind)


def follows_speech(session: RealtimeSession, options: SessionOptions) -> bool:
    """Whether speech is recognised as it comes where only the client says when a turn ends.

    Not for the diarizing model: its times are counted from the start of the item.
    """
    asked = session.audio.input.transcription
    return (
        asked is not None
        and options.transcriber.writes_while_listening
        and _writes_early(asked, options.kind)
        and asked.model != DIARIZING_MODEL
    )


def _writes_early(asked: Transcription, kind: SessionKind) -> bool:
    return kind == "transcription" or asked.model in STREAMING_MODELS


def _check_model(model: object, where: str, abilities: TranscriberAbilities) -> None:
    if not isinstance(model, str):
        return
    if model not in TRANSCRIPTION_MODELS:
        raise ProtocolError(
            f"Invalid value: '{model}'. Supported values are: {_names(TRANSCRIPTION_MODELS)}.",
            param=f"{where}.model",
        )
    if model == DIARIZING_MODEL and not abilities.speakers:
        raise _refused(f"{where}.model", "the transcriber cannot tell speakers apart")


def _check_language(code: str, where: str, abilities: TranscriberAbilities) -> None:
    known = abilities.languages
    if known is not None and code.partition("-")[0].lower() not in known:
        raise ProtocolError(
            f"Invalid value: '{code[:40]}'. The transcriber knows: {', '.join(known)}.", param=where
        )


def _check_candidates(
    transcription: Transcription, where: str, abilities: TranscriberAbilities
) -> None:
    candidates = _list(transcription.languages)
    if not candidates:
        return
    if not abilities.candidates and len(candidates) > 1:
        raise _refused(f"{where}.languages", "the transcriber cannot choose among languages")
    if _given(transcription.language) is not None:
        raise _refused(f"{where}.languages", "'language' is given, too")


def _asked(transcription: Transcription) -> list[str]:
    """Return which of the hints beside model and language the client gave."""
    names = ("prompt", "languages", "keywords", "delay")
    return [name for name in names if getattr(transcription, name) not in (UNSET, None, "", ())]


def _asked_delay(transcription: Transcription) -> Delay | None:
    delay = transcription.delay
    return None if isinstance(delay, UnsetType) else delay


def _given(value: str | UnsetType | None) -> str | None:
    return value if isinstance(value, str) and value else None


def _list(value: tuple[str, ...] | UnsetType | None) -> tuple[str, ...]:
    return () if isinstance(value, UnsetType) or value is None else value


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def _refused(param: str, why: str) -> ProtocolError:
    return ProtocolError(f"'{param}' is not supported: {why}.", param=param)
