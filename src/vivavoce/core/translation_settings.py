"""The effective translation session: its defaults, and how an update merges into it.

Source: protocol reference, "Translation session" (20-session-config, section 8).
"""

import re

from msgspec import Struct, UnsetType, structs

from vivavoce.core.settings import mentioned, merge_noise_reduction
from vivavoce.core.transcription_settings import DIARIZING_MODEL, TRANSCRIPTION_MODELS
from vivavoce.core.translation_options import TranslationOptions
from vivavoce.errors import ProtocolError
from vivavoce.protocol.audio_settings import NoiseReduction
from vivavoce.protocol.session import (
    TranslationInput,
    TranslationInputUpdate,
    TranslationOutput,
    TranslationSession,
    TranslationSessionAudio,
    TranslationSessionUpdate,
    TranslationTranscription,
)

LANGUAGE_FORM = re.compile(r"[a-zA-Z]{2,3}(-[a-zA-Z0-9]{1,8})*")
"""ISO-639-1, or a language tag that begins with it (RFC 5646)."""
SOURCE_MODELS = tuple(name for name in TRANSCRIPTION_MODELS if name != DIARIZING_MODEL)
"""Speakers have no place in the events of a translation session."""


def initial_translation_session(
    options: TranslationOptions, session_id: str, expires_at: int
) -> TranslationSession:
    """Return the session as a client finds it, with the settings that came with its key.

    Raises:
        ProtocolError: what is bound to the key can't be enacted here; whoever mints it asks first.
    """
    session = TranslationSession(
        id=session_id,
        model=options.model,
        expires_at=expires_at,
        audio=TranslationSessionAudio(
            input=TranslationInput(), output=TranslationOutput(language=options.language)
        ),
    )
    if options.bound is None:
        return session
    return merge_translation(session, options.bound, options)


def merge_translation(
    current: TranslationSession, update: TranslationSessionUpdate, options: TranslationOptions
) -> TranslationSession:
    """Return the session with an update applied.

    Raises:
        ProtocolError: what is asked for can't be enacted; nothing is changed then.
    """
    if isinstance(update.audio, UnsetType):
        return current
    audio = current.audio
    if isinstance(update.audio.input, Struct):
        audio = structs.replace(audio, input=_merge_input(audio.input, update.audio.input))
    if isinstance(update.audio.output, Struct):
        language = update.audio.output.language
        if not isinstance(language, UnsetType):
            _check_language(language, options.languages)
            audio = structs.replace(audio, output=TranslationOutput(language=language))
    return structs.replace(current, audio=audio)


def _merge_input(current: TranslationInput, update: TranslationInputUpdate) -> TranslationInput:
    where = "session.audio.input"
    changes = mentioned(update)
    if isinstance(update.noise_reduction, NoiseReduction):
        changes["noise_reduction"] = merge_noise_reduction(
            current.noise_reduction, update.noise_reduction, f"{where}.noise_reduction"
        )
    if isinstance(update.transcription, TranslationTranscription):
        _check_model(update.transcription.model, f"{where}.transcription.model")
    return structs.replace(current, **changes)


def _check_model(model: str, param: str) -> None:
    if model not in SOURCE_MODELS:
        names = ", ".join(f"'{name}'" for name in SOURCE_MODELS)
        raise ProtocolError(
            f"Invalid value: '{model[:100]}'. Supported values are: {names}.", param=param
        )


def _check_language(language: str, languages: tuple[str, ...]) -> None:
    param = "session.audio.output.language"
    if languages and language not in languages:
        names = ", ".join(f"'{name}'" for name in languages)
        raise ProtocolError(
            f"Invalid value: '{language[:100]}'. Supported values are: {names}.", param=param
        )
    if LANGUAGE_FORM.fullmatch(language) is None:
        raise ProtocolError(
            f"Invalid value: '{language[:100]}'. Expected a language code, such as 'es'.",
            param=param,
        )
