"""What a client may ask for that the engines cannot do, and that is left out instead of refused.

Refusing `reasoning` would stop common clients: they send it with the names of models that reason,
whatever stands behind the name. What is left out is missing in the echo, and the log says so. Which
fields are treated so, and which are refused, is the operator's to say (`SessionOptions.leave_out`).
Source: protocol reference, "What the real clients send and require" (80).
"""

from msgspec import UNSET, Struct, UnsetType, structs

from vivavoce.core.options import SessionOptions
from vivavoce.protocol.audio_settings import Transcription
from vivavoce.protocol.session import (
    AudioInputUpdate,
    RealtimeSessionUpdate,
    Reasoning,
    TranscriptionSessionUpdate,
)

REASONING = "reasoning"
HINTS = "audio.input.transcription."
"""Of its members those that say what is to be heard: prompt, keywords, delay."""
Update = RealtimeSessionUpdate | TranscriptionSessionUpdate


def can_reason(reasoning: Reasoning | UnsetType | None, options: SessionOptions) -> bool:
    """Whether the language model can be asked to think as hard as the client wants."""
    if not isinstance(reasoning, Reasoning) or isinstance(reasoning.effort, UnsetType):
        return True
    return reasoning.effort in options.reasoning_efforts


def default_reasoning(options: SessionOptions) -> Reasoning | UnsetType:
    """Return what a session begins with: as the protocol says, `low` where the model knows it."""
    return Reasoning(effort="low") if "low" in options.reasoning_efforts else UNSET


def paths_left_out(update: object, options: SessionOptions) -> tuple[str, ...]:
    """Return the fields of an update, as paths below `session`, that are to be left out."""
    if not isinstance(update, Update):
        return ()
    paths = [HINTS + name for name in _hints_beyond(update, options)]
    if isinstance(update, RealtimeSessionUpdate) and not can_reason(update.reasoning, options):
        paths.append(REASONING)
    return tuple(path for path in paths if path in options.leave_out)


def without(update: object, paths: tuple[str, ...]) -> object:
    """Return an update without these fields, as if the client had not sent them."""
    if not paths or not isinstance(update, Update):
        return update
    if REASONING in paths:
        update = structs.replace(update, reasoning=UNSET)
    asked, hints = _transcription(update), [path for path in paths if path.startswith(HINTS)]
    if asked is None or not hints:
        return update
    bare = structs.replace(asked, **{path.removeprefix(HINTS): UNSET for path in hints})
    audio = update.audio
    assert isinstance(audio, Struct)  # it has a transcription
    assert isinstance(audio.input, Struct)
    return structs.replace(
        update,
        audio=structs.replace(audio, input=structs.replace(audio.input, transcription=bare)),
    )


def _hints_beyond(update: Update, options: SessionOptions) -> list[str]:
    asked, abilities = _transcription(update), options.transcriber
    if asked is None:
        return []
    can = {"prompt": abilities.prompt, "keywords": abilities.keywords, "delay": abilities.delay}
    nothing = (UNSET, None, "", ())
    return [name for name in can if not can[name] and getattr(asked, name) not in nothing]


def _transcription(update: Update) -> Transcription | None:
    if isinstance(update.audio, UnsetType) or not isinstance(update.audio.input, AudioInputUpdate):
        return None
    asked = update.audio.input.transcription
    return asked if isinstance(asked, Transcription) else None
