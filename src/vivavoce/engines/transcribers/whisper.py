"""Transcription by Whisper in a worker process, while the speaker speaks.

The speech of a turn is recognised again and again as it grows; words on which two answers agree
are settled. At a pause all of it is recognised at once, ahead of everybody's partial runs, and
if the turn ends there that text is the transcript. Every 8 s settled words are frozen and their
sound dropped, so that a second of a long turn costs what a second of a short one does.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from vivavoce.engines.strict_settings import parse_settings
from vivavoce.engines.transcribers.whisper_audio import HeardAudio
from vivavoce.engines.transcribers.whisper_orders import Answer, Cut, HeardWord, Order
from vivavoce.engines.transcribers.whisper_pace import pace_of
from vivavoce.engines.transcribers.whisper_queue import RunQueue
from vivavoce.engines.transcribers.whisper_words import SettledWords
from vivavoce.engines.worker import open_worker
from vivavoce.errors import EngineError
from vivavoce.interfaces import (
    AudioOrPause,
    Stream,
    TokenLogprob,
    Transcriber,
    TranscriberAbilities,
    Transcript,
    TranscriptDelta,
    TranscriptionEvent,
    TranscriptionHints,
    TranscriptSoFar,
)

_HOST = "vivavoce.engines.transcribers.whisper_host:open_host"

Recognise = Callable[[Order], Awaitable[Answer]]

_REST = 2.0  # a partial run is followed by so much time without: a third of a core at most
_FIRST_REST, _N_FIRST = 0.5, 3  # of the first runs: until there are words, somebody waits for them
_SHORTEST_MS = 100  # nobody says a word in less
_CUT_AFTER_MS = 8_000
_LONGEST_MS = 20_000  # of one run; the rest waits for the next
_LANGUAGE_SETTLED_MS = 2_500  # shorter speech misleads the detection
_ALL_WORDS = 1_000
_FINAL, _PARTIAL = 0, 1  # urgency


class WhisperSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an operator can set."""

    model_dir: str
    """Folder of a multilingual Whisper in CTranslate2's format."""
    threads: Annotated[int, Meta(ge=1, le=64)] = 1
    language: str | None = None
    """ISO-639-1, when the client does not say; None: detected."""


@asynccontextmanager
async def open_engine(settings: Mapping[str, object]) -> AsyncIterator[Transcriber]:
    """Load the model in a process of its own.

    Raises:
        ConfigError: a setting is wrong, or there is no model in `model_dir`.
        EngineError: the worker could not be started.
    """
    parsed = parse_settings(settings, WhisperSettings)
    host_settings = {"model_dir": parsed.model_dir, "threads": parsed.threads}
    async with open_worker(_HOST, host_settings, name="whisper") as worker:

        async def recognise(order: Order) -> Answer:
            return msgspec.convert(await worker.call("transcribe", order), Answer)

        languages = msgspec.convert(await worker.call("languages", None), tuple[str, ...])
        yield WhisperTranscriber(recognise, parsed.language, languages)


class WhisperTranscriber:
    """Shared by all sessions, which take turns."""

    # A run takes 100 to 200 ms of the 500 of a pause, so every frame counts. But two frames lost
    # the end of a word in one framing of four ("American" for "Americans"), and 0.6 % more words
    # than three or four did.
    prepare_after_ms = 96

    def __init__(
        self,
        recognise: Recognise,
        language: str | None = None,
        languages: tuple[str, ...] | None = None,
    ) -> None:
        """Make one.

        Args:
            recognise: asks the worker.
            language: when the client does not say; None: detected.
            languages: those the model knows; None: not known.
        """
        self.abilities = TranscriberAbilities(
            languages=languages,
            candidates=True,
            prompt=True,
            keywords=True,
            delay=True,
            logprobs=True,
            writes_while_listening=True,
        )
        self._recognise = recognise
        self._language = language
        self._queue = RunQueue()

    async def fulfil(self, order: Order) -> Answer:
        """Have one order fulfilled ahead of partial runs: for what else the model can do.

        Raises:
            EngineError: the worker died.
        """
        async with self._queue.turn(lambda: _FINAL):
            return await self._recognise(order)

    async def transcribe(
        self, audio: AsyncIterator[AudioOrPause], hints: TranscriptionHints
    ) -> Stream[TranscriptionEvent]:
        """Follow 24 kHz audio to its end; yield partial texts, deltas, and the transcript.

        Raises:
            EngineError: the worker died, or Whisper does not know the language.
        """
        heard = HeardAudio()
        turn = _Turn(heard, self._queue, self._recognise, hints, self._language)
        failure: EngineError | None = None
        async with asyncio.TaskGroup() as tasks:
            # Beside the generator, so that a run that waits learns of a pause at once.
            follower = tasks.create_task(heard.follow(audio))
            try:
                while not turn.is_finished:
                    for event in await turn.advance():
                        yield event
            except EngineError as error:
                failure = error  # a task group would wrap it
            except GeneratorExit:
                follower.cancel()
                return
            follower.cancel()
        if failure is not None:
            raise failure


class _Turn:
    """The recognition of one turn."""

    def __init__(
        self,
        heard: HeardAudio,
        queue: RunQueue,
        recognise: Recognise,
        hints: TranscriptionHints,
        language: str | None,
    ) -> None:
        self.is_finished = False
        self._heard = heard
        self._queue = queue
        self._recognise = recognise
        self._about = _about(hints)
        self._language = None if hints.languages else _plain(hints.language or language)
        self._candidates = tuple(filter(None, map(_plain, hints.languages)))
        self._pace = pace = pace_of(hints.delay)
        self._words = SettledWords(n_agreeing=pace.n_agreeing, n_unsettled=pace.n_unsettled)
        self._frozen_logprobs: list[TokenLogprob] = []
        self._next_run_at_ms = float(pace.first_ms)
        self._n_partial = 0
        self._at_pause: tuple[int, Transcript] | None = None

    async def advance(self) -> list[TranscriptionEvent]:
        """Wait until something is to be done, do it, and tell what came of it."""
        await self._heard.until(self._is_due)
        if (known := self._known()) is not None:
            return self._finish(known)
        async with self._queue.turn(self._urgency):
            if not self._is_due():
                return []  # the speaker went on while this waited
            return await self._run()

    def _is_due(self) -> bool:
        if self._heard.is_over:
            return True
        if self._heard.pause is not None:
            return self._at_pause is None or self._at_pause[0] != self._heard.pause
        return self._heard.total_ms >= self._next_run_at_ms

    def _urgency(self) -> int:
        return _FINAL if self._heard.is_over or self._heard.pause is not None else _PARTIAL

    def _known(self) -> Transcript | None:
        """Return the transcript, if the turn is over and all of it was recognised."""
        if not self._heard.is_over:
            return None
        if self._at_pause is not None and self._at_pause[0] == self._heard.pause:
            return self._at_pause[1]
        if self._heard.kept_ms < _SHORTEST_MS:
            return self._transcript(None)
        return None

    async def _run(self) -> list[TranscriptionEvent]:
        was_over, pause, total_ms = self._heard.is_over, self._heard.pause, self._heard.total_ms
        is_whole = self._heard.kept_ms <= _LONGEST_MS
        answer = await self._ask(is_whole=is_whole)
        if answer.language_is_sure and total_ms >= _LANGUAGE_SETTLED_MS:
            self._language = answer.language
        if not is_whole:
            return _delta(self._freeze(answer, answer.cut or _all_of(answer)))
        texts = [word.text for word in answer.words]
        sureness = [[logprob for _, logprob in word.tokens] for word in answer.words]
        events = _delta(self._words.take(texts, sureness))
        transcript = self._transcript(answer)
        if was_over:
            return [*events, *self._finish(transcript)]
        self._next_run_at_ms = total_ms + self._interval_ms(answer.run_ms)
        if answer.cut is not None:
            self._freeze(answer, answer.cut)
        if pause is None or pause != self._heard.pause:
            return [*events, TranscriptSoFar(transcript.text)]
        self._at_pause = (pause, transcript)
        return [*events, TranscriptSoFar(transcript.text, covers_pause=True)]

    def _interval_ms(self, run_ms: float) -> float:
        """Return how much sound comes in from one partial run to the next."""
        self._n_partial += 1
        rest = _FIRST_REST if self._n_partial <= _N_FIRST else _REST
        return max(self._pace.new_speech_ms, (1 + rest) * run_ms)

    async def _ask(self, *, is_whole: bool) -> Answer:
        """Have the sound that is kept recognised, or as much of it as one run may take."""
        cut_within: int | None = None
        if not is_whole:
            cut_within = _ALL_WORDS
        elif self._urgency() == _PARTIAL and self._heard.kept_ms >= _CUT_AFTER_MS:
            cut_within = len(self._words.agreed)
        order = Order(
            audio=self._heard.first_ms(_LONGEST_MS),
            language=self._language,
            candidates=self._candidates,
            about=self._about,
            cut_within=cut_within,
        )
        return await self._recognise(order)

    def _freeze(self, answer: Answer, cut: Cut) -> str:
        frozen = answer.words[: cut.n_words]
        self._frozen_logprobs += _logprobs(frozen)
        self._heard.drop_ms(cut.at_s * 1000)
        return self._words.freeze([word.text for word in answer.words], cut.n_words)

    def _transcript(self, answer: Answer | None) -> Transcript:
        words = answer.words if answer is not None else ()
        text = self._words.text([word.text for word in words])
        logprobs = (*self._frozen_logprobs, *_logprobs(words))
        language = answer.language if answer is not None else self._language
        return Transcript(text, language if text else None, logprobs if text else ())

    def _finish(self, transcript: Transcript) -> list[TranscriptionEvent]:
        self.is_finished = True
        return [transcript]


def _about(hints: TranscriptionHints) -> str:
    """Return what the model is told of the talk; the keywords last, where they weigh most."""
    return " ".join(filter(None, (hints.prompt, ", ".join(hints.keywords))))


def _plain(language: str | None) -> str | None:
    """Return the language without its region, as Whisper names it."""
    return language.partition("-")[0].lower() if language else None


def _delta(text: str) -> list[TranscriptionEvent]:
    return [TranscriptDelta(text)] if text else []


def _all_of(answer: Answer) -> Cut:
    return Cut(len(answer.words), _LONGEST_MS / 1000)


def _logprobs(words: Sequence[HeardWord]) -> list[TokenLogprob]:
    return [TokenLogprob(text, logprob) for word in words for text, logprob in word.tokens]
