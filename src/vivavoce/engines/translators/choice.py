"""Which of the engines that are open translates."""

from vivavoce.engines.cascade.interpreter import CascadeInterpreter, common_languages
from vivavoce.engines.transcribers.whisper import WhisperTranscriber
from vivavoce.engines.translators.language_model import LanguageModelTranslator
from vivavoce.engines.translators.whisper import WhisperTranslator
from vivavoce.errors import ConfigError
from vivavoce.interfaces import LanguageModel, Synthesizer, Transcriber, Translator

AUTO, WHISPER, LANGUAGE_MODEL, NONE = "auto", "whisper", "language-model", "none"
"""What `translation.use` may say."""
PLACE = "translation.use"


def choose_interpreter(
    use: str,
    *,
    transcriber: Transcriber,
    language_model: LanguageModel,
    is_model_bundled: bool,
    synthesizer: Synthesizer,
) -> CascadeInterpreter | None:
    """Return what translates and speaks; None if nothing shall, or can.

    `auto` takes Whisper's own translation where the language model is the small one that comes
    with us, which was made for other things; else the language model.

    Raises:
        ConfigError: the engines can't do what is asked for.
    """
    is_auto = use == AUTO
    if is_auto:
        hears = isinstance(transcriber, WhisperTranscriber) and is_model_bundled
        use = WHISPER if hears else LANGUAGE_MODEL
    translator = _translator(use, transcriber, language_model)
    if translator is None:
        return None
    written, spoken = translator.languages, synthesizer.languages
    if written and spoken and not common_languages(written, spoken):
        if is_auto:
            return None
        raise ConfigError(
            f"it translates into {', '.join(written)}, and the voices speak {', '.join(spoken)}",
            path=PLACE,
        )
    return CascadeInterpreter(translator, synthesizer)


def check_nothing_asked(use: str) -> None:
    """Refuse to translate where no synthesizer is open.

    Raises:
        ConfigError: a translator is asked for by name.
    """
    if use not in (AUTO, NONE):
        raise ConfigError(
            "a translation is spoken by a synthesizer, and with this responder there is none",
            path=PLACE,
        )


def _translator(
    use: str, transcriber: Transcriber, language_model: LanguageModel
) -> Translator | None:
    if use == NONE:
        return None
    if use == LANGUAGE_MODEL:
        return LanguageModelTranslator(language_model)
    if not isinstance(transcriber, WhisperTranscriber):
        raise ConfigError("the transcriber is not Whisper", path=PLACE)
    return WhisperTranslator(transcriber.fulfil)
