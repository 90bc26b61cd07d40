"""Engines that follow a script from a file: `vivavoce serve --scripted FILE`.

Nothing is loaded, so the server is ready at once; nothing is left to chance, so a client can be
tested against it. The format of the file is described in `docs/how-to/test-your-app.md`.
"""

import asyncio
import re
import tomllib
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from vivavoce.engines.strict_settings import parse_settings
from vivavoce.errors import ConfigError
from vivavoce.interfaces import (
    Engines,
    Prompt,
    PromptMessage,
    PromptToolOutput,
    SpokenSegment,
)
from vivavoce.testing.engines import scripted_engines
from vivavoce.testing.script import Answer, Call, Fault, Heard, Sleep, Voice

NotNegative = Annotated[float, Meta(ge=0)]
Positive = Annotated[int, Meta(ge=1)]


@asynccontextmanager
async def open_scripted_engines(
    path: Path, *, sleep: Sleep = asyncio.sleep
) -> AsyncGenerator[Engines, None]:
    """Read a script and yield engines that follow it.

    Args:
        path: a TOML file.
        sleep: how time passes.

    Raises:
        ConfigError: the file can't be read, or a key of it can't be used.
    """
    yield engines_of(read_script(path), sleep=sleep)


class ScriptedCall(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A call that the answer makes."""

    name: str
    arguments: Mapping[str, object] | str = {}
    """A table, or JSON text to be passed on letter by letter."""


class Delays(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long each stage takes, in milliseconds."""

    transcript_ms: NotNegative | None = None
    """From the pause to the transcript."""
    first_token_ms: NotNegative | None = None
    """From the request to the first word."""
    token_ms: NotNegative | None = None
    """From each word to the next."""
    first_audio_ms: NotNegative | None = None
    """From the first clause to its sound."""


class ScriptedTurn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is heard in one turn, and what is answered to one input."""

    hears: str | None = None
    """Transcript of the next spoken turn; turns with `hears` are used up in their order."""
    partials: tuple[str, ...] = ()
    language: str | None = None
    """Detected in what is heard, unless the client says a language."""
    segments: tuple[SpokenSegment, ...] = ()
    """Who says what: tables of `text`, `speaker`, `start_s`, `end_s`."""
    turn: Positive | None = None
    """Answers the n-th user message of a session."""
    when: str | None = None
    """Answers an input (words of the user, output of a function) that matches this pattern."""
    answer: str = ""
    calls: tuple[ScriptedCall, ...] = ()
    delays: Delays = Delays()
    fail_after_s: NotNegative | None = None
    stall_after_s: NotNegative | None = None
    drop_connection_after_s: NotNegative | None = None
    fault_in: Literal["answer", "transcript", "translation"] = "answer"
    translations: Mapping[str, str] = {}
    """What is heard, by the language a translation session wants."""


class ScriptedDefault(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What holds where no turn of the script fits."""

    hears: str = "Hello."
    answer: str = "There is no line for that in the script."
    translation: str = "There is no translation for that in the script."


class ScriptedVoice(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How answers sound."""

    sound: Literal["tones", "silence"] = "tones"
    word_ms: Positive = 300
    names: tuple[str, ...] = ()
    """Of the voices a client may ask for; empty: any."""


class Script(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file."""

    speech_threshold_dbfs: Annotated[float, Meta(le=0)] = -40.0
    delays: Delays = Delays()
    """Of every turn that does not say otherwise."""
    voice: ScriptedVoice = ScriptedVoice()
    turns: tuple[ScriptedTurn, ...] = ()
    default: ScriptedDefault = ScriptedDefault()


def read_script(path: Path) -> Script:
    """Read and check a script.

    Raises:
        ConfigError: it can't be read, or a key of it can't be used.
    """
    try:
        script = parse_settings(tomllib.loads(path.read_text("utf-8")), Script)
    except OSError as error:
        raise ConfigError(f"cannot read the script {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"the script {path} is not TOML: {error}") from error
    for index, turn in enumerate(script.turns):
        _check(turn, f"turns[{index}]")
    return script


def engines_of(script: Script, *, sleep: Sleep = asyncio.sleep) -> Engines:
    """Return engines that follow a script."""
    spoken = [turn for turn in script.turns if turn.hears is not None]
    lines = [_Line(turn, number) for number, turn in enumerate(script.turns, 1)]

    def hear(number: int) -> Heard:
        if number > len(spoken):
            turn = ScriptedTurn(hears=script.default.hears)
        else:
            turn = spoken[number - 1]
        return _heard(turn, script.delays)

    def translate(number: int, language: str) -> Answer:
        turn = spoken[number - 1] if number <= len(spoken) else ScriptedTurn()
        return _translation(turn, language, script)

    def answer(prompt: Prompt) -> Answer:
        said = _last_input(prompt)
        for line in lines:
            if line.fits(said):
                return _answer(line.turn, script.delays)
        return _answer(ScriptedTurn(answer=script.default.answer), script.delays)

    return scripted_engines(
        hear=hear,
        answer=answer,
        translate=translate,
        voice=Voice(sound=script.voice.sound, word_ms=script.voice.word_ms),
        voices=script.voice.names,
        threshold_dbfs=script.speech_threshold_dbfs,
        line_after_s=(script.delays.first_audio_ms or 0) / 1000,
        sleep=sleep,
    )


class _Input(Struct, frozen=True, kw_only=True):
    """What is to be answered."""

    words: str
    """Of the user, alone."""
    news: str
    """All since the last answer: words, outputs of functions, messages of the system."""
    number: int | None
    """Of the user message in its session; None when something else is answered."""


class _Line:
    """One turn of the script, and what it answers."""

    def __init__(self, turn: ScriptedTurn, place: int) -> None:
        self.turn = turn
        self._pattern = None if turn.when is None else re.compile(turn.when)
        answers_any = turn.when is None and turn.hears is None
        self._number = turn.turn or (place if answers_any else None)

    def fits(self, said: _Input) -> bool:
        if self._number is not None and said.number != self._number:
            return False
        if self._pattern is not None:
            return self._pattern.search(said.news) is not None
        return self.turn.hears is None or (
            said.number is not None and said.words.strip() == self.turn.hears.strip()
        )


def _last_input(prompt: Prompt) -> _Input:
    """Find the last words of the user, or what functions returned since."""
    news: list[str] = []
    has_output = False
    for item in reversed(prompt.items):
        match item:
            case PromptToolOutput(output=output):
                news.insert(0, output)
                has_output = True
            case PromptMessage(role="system", text=text):
                news.insert(0, text)
            case PromptMessage(role="user", text=text) if not has_output:
                news.insert(0, text)
                return _Input(words=text, news="\n".join(news), number=_n_messages(prompt))
            case PromptMessage() if news:
                break
            case _:
                pass
    return _Input(words="", news="\n".join(news), number=None)


def _n_messages(prompt: Prompt) -> int:
    return sum(isinstance(item, PromptMessage) and item.role == "user" for item in prompt.items)


def _check(turn: ScriptedTurn, place: str) -> None:
    try:
        re.compile(turn.when or "")
    except re.error as error:
        raise ConfigError(f"not a pattern: {error}", path=f"{place}.when") from error
    if len(_faults(turn)) > 1:
        raise ConfigError("a turn can have one fault only", path=place)
    if turn.partials and turn.hears is None:
        raise ConfigError("there is nothing heard that these could begin", path=f"{place}.partials")
    if turn.fault_in != "answer" and turn.hears is None:
        raise ConfigError("this turn has no transcript", path=f"{place}.fault_in")
    if turn.translations and turn.hears is None:
        raise ConfigError("there is nothing heard to translate", path=f"{place}.translations")
    for index, (short, long) in enumerate(pairwise([*turn.partials, turn.hears or ""])):
        if not long.startswith(short):
            raise ConfigError(f"not the beginning of {long!r}", path=f"{place}.partials[{index}]")


def _heard(turn: ScriptedTurn, delays: Delays) -> Heard:
    return Heard(
        text=turn.hears or "",
        partials=turn.partials,
        language=turn.language,
        segments=turn.segments,
        transcript_s=_seconds(turn.delays.transcript_ms, delays.transcript_ms),
        fault=_fault(turn, "transcript"),
    )


def _answer(turn: ScriptedTurn, delays: Delays) -> Answer:
    own = turn.delays
    return Answer(
        text=turn.answer,
        calls=tuple(Call(call.name, _json(call.arguments)) for call in turn.calls),
        first_token_s=_seconds(own.first_token_ms, delays.first_token_ms),
        token_s=_seconds(own.token_ms, delays.token_ms),
        first_audio_s=_seconds(own.first_audio_ms, delays.first_audio_ms),
        fault=_fault(turn, "answer"),
    )


def _translation(turn: ScriptedTurn, language: str, script: Script) -> Answer:
    return Answer(
        text=turn.translations.get(language, script.default.translation),
        first_token_s=_seconds(turn.delays.first_token_ms, script.delays.first_token_ms),
        first_audio_s=_seconds(turn.delays.first_audio_ms, script.delays.first_audio_ms),
        fault=_fault(turn, "translation"),
    )


def _seconds(own_ms: float | None, general_ms: float | None) -> float:
    ms = general_ms if own_ms is None else own_ms
    return (ms or 0.0) / 1000


def _json(arguments: Mapping[str, object] | str) -> str:
    return arguments if isinstance(arguments, str) else msgspec.json.encode(arguments).decode()


def _fault(
    turn: ScriptedTurn, stage: Literal["answer", "transcript", "translation"]
) -> Fault | None:
    faults = _faults(turn)
    return faults[0] if faults and turn.fault_in == stage else None


def _faults(turn: ScriptedTurn) -> list[Fault]:
    kinds: list[tuple[Literal["fail", "stall", "drop_connection"], float | None]] = [
        ("fail", turn.fail_after_s),
        ("stall", turn.stall_after_s),
        ("drop_connection", turn.drop_connection_after_s),
    ]
    return [Fault(kind=kind, after_s=after_s) for kind, after_s in kinds if after_s is not None]
