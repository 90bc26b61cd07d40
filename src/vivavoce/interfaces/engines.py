"""All engines of a server together."""

from collections.abc import Callable

from msgspec import Struct

from vivavoce.interfaces.hearing import SpeechDetector, Transcriber, TurnJudge
from vivavoce.interfaces.language import LanguageModel
from vivavoce.interfaces.pictures import PictureChecker, PictureReader
from vivavoce.interfaces.speaking import Responder, Speak
from vivavoce.interfaces.translation import Interpreter


class Engines(Struct, frozen=True, kw_only=True):
    """The open engines of a server, shared by all its sessions."""

    new_speech_detector: Callable[[], SpeechDetector]
    transcriber: Transcriber
    responder: Responder
    language_model: LanguageModel
    voices: tuple[str, ...]
    """Wire names of the voices; empty: any is passed on."""
    custom_voices: bool = False
    """Whether a voice may also be the id of one made from a recording."""
    turn_judge: TurnJudge | None = None
    """None: a pause alone is reason enough to prepare an answer."""
    speak: Speak | None = None
    """None: nothing but answers can be spoken."""
    interpreter: Interpreter | None = None
    """None: nothing is translated."""
    picture_checker: PictureChecker | None = None
    """None: pictures are refused."""
    picture_reader: PictureReader | None = None
    """For responders that do not see; None: such a server refuses pictures."""
