"""What sessions are told at their start, from the configuration and what the engines can."""

from vivavoce.config_tables import Config
from vivavoce.core.options import PictureRules, PictureUse, SessionOptions
from vivavoce.core.translation_options import TranslationOptions
from vivavoce.errors import ConfigError
from vivavoce.interfaces import Engines

MAX_PREPARED_HERE = 2
"""More than this at once would take the cores from answers that somebody waits for."""
MIN_JUDGED_PAUSE_MS = 100
"""Engines that want to prepare sooner work elsewhere: what they do in vain costs nothing here, and
the end-of-turn model is not asked."""


def session_options(config: Config, engines: Engines) -> SessionOptions:
    """Return what every session is told at its start."""
    session = config.session
    voices = engines.voices
    if voices and session.voice not in voices:
        names = ", ".join(voices)
        raise ConfigError(f"there is no voice '{session.voice}' ({names})", path="session.voice")
    prepare_after_ms = engines.responder.prepare_after_ms
    prepares = session.prepared_answers and session.max_prepared != 0
    return SessionOptions(
        voices=voices,
        default_voice=session.voice,
        instructions=session.instructions,
        silence_duration_ms=session.silence_duration_ms,
        window_tokens=engines.language_model.window_tokens,
        pause_after_ms=engines.transcriber.prepare_after_ms,
        prepare_after_ms=prepare_after_ms if prepares else None,
        judges_turns=engines.turn_judge is not None and _work_here(engines),
        custom_voices=engines.custom_voices,
        reasoning_efforts=engines.language_model.reasoning_efforts,
        compacts=session.compaction,
        leave_out=session.leave_out,
        has_turn_judge=engines.turn_judge is not None,
        transcriber=engines.transcriber.abilities,
        max_duration_s=session.max_duration_s,
        hears_audio=engines.responder.hears_audio,
        pictures=PictureRules(_picture_use(engines), config.pictures.kept_bytes),
        speaks_lines=engines.speak is not None,
        dtmf_to_conversation=config.telephone.dtmf_to_conversation,
    )


def _picture_use(engines: Engines) -> PictureUse:
    if engines.responder.sees_pictures:
        return "seen"
    return "refused" if engines.picture_reader is None else "read"


def translation_options(config: Config, engines: Engines) -> TranslationOptions | None:
    """Return what every translation session is told at its start; None: there are none.

    Raises:
        ConfigError: the default language is none that the engines speak.
    """
    interpreter, language = engines.interpreter, config.translation.language
    if interpreter is None:
        return None
    if interpreter.languages and language not in interpreter.languages:
        names = ", ".join(interpreter.languages)
        raise ConfigError(
            f"nothing here translates into '{language}', only into: {names}",
            path="translation.language",
        )
    return TranslationOptions(
        languages=interpreter.languages,
        language=language,
        voice=config.session.voice,
        needs_transcript=interpreter.needs_transcript,
        silence_duration_ms=config.session.silence_duration_ms,
        pause_after_ms=engines.transcriber.prepare_after_ms,
        max_duration_s=config.session.max_duration_s,
    )


def _work_here(engines: Engines) -> bool:
    return engines.responder.prepare_after_ms >= MIN_JUDGED_PAUSE_MS


def max_prepared(config: Config, engines: Engines) -> int:
    """Return how many answers may be in preparation at once on the whole server."""
    if config.session.max_prepared is not None:
        return config.session.max_prepared
    return MAX_PREPARED_HERE if _work_here(engines) else config.server.max_sessions
