"""Whisper in its worker process: one stretch of speech in, its words out.

The encoder is given a window as short as the speech, not the 30 s it was trained with: seven
times cheaper, and with a window of 8 s or more as accurate. What it costs is a habit of
repeating itself now and then; such runs are made again with the full window.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import ctranslate2
import msgspec
import numpy as np
import tokenizers

from vivavoce.clock import Clock
from vivavoce.engines.log_mel import HOP_SAMPLES, RATE_HZ, log_mel
from vivavoce.engines.three_to_two import Samples, to_16_khz
from vivavoce.engines.transcribers.whisper_cut import choose_cut
from vivavoce.engines.transcribers.whisper_orders import Answer, Cut, HeardWord, Order
from vivavoce.engines.transcribers.whisper_tokens import WhisperTokens, Word
from vivavoce.errors import ConfigError, EngineError

_LEAD_S = 0.2  # speech cut tightly at its start loses a word less with a little silence before it
_TAIL_S = 1.5
_SHORTEST_WINDOW_S = 8.0
_FULL_WINDOW_S = 30.0
# Translations gain by more: of 32 sentences in four languages, BLEU 42 with 8 s, 47 with 20 s.
_TRANSLATION_WINDOW_S = 20.0
# Noise of many kinds and levels measured above 0.49 and below -1.3; speech with as much noise as
# voice, below 0.25; speech at -40 dB up to 0.64, but then above -0.2.
_NO_SPEECH = 0.45
_UNLIKELY_LOGPROB = -1.0
_ABSURD_LOGPROB = -2.5  # what a third of a second of a word gives, too
_FRAME_S = 0.02  # of the encoder's output
_SURE_OF_LANGUAGE = 0.5
_DEFAULT_LANGUAGE = "en"
_REPEATED_CHARACTERS = 30


def open_host(settings: dict[str, Any]) -> "WhisperHost":
    """Load the model; runs in the worker process.

    Raises:
        ConfigError: there is no such model.
    """
    model_dir = Path(settings["model_dir"])
    for name in ("model.bin", "tokenizer.json", "config.json"):
        if not (model_dir / name).is_file():
            raise ConfigError(f"there is no Whisper model in {model_dir}: it lacks {name}")
    try:
        model = ctranslate2.models.Whisper(
            str(model_dir), compute_type="int8", intra_threads=settings["threads"]
        )
    except (RuntimeError, ValueError) as error:
        raise ConfigError(f"the Whisper model in {model_dir} can't be loaded: {error}") from error
    tokens = WhisperTokens(tokenizers.Tokenizer.from_file(str(model_dir / "tokenizer.json")))
    host = WhisperHost(model, tokens, Clock())
    host.recognise(Order(audio=bytes(48_000)))
    return host


class WhisperHost:
    """The model: `transcribe` takes an `Order`; `languages` says which ones it knows."""

    def __init__(self, model: Any, tokens: WhisperTokens, clock: Clock) -> None:
        self._model = model  # of an untyped library
        self._tokens = tokens
        self._clock = clock

    def handle(self, method: str, args: Any, _cancelled: Callable[[], bool]) -> Iterator[Any]:
        """Answer one order; a run of some 100 ms is not interrupted."""
        if method == "languages":
            yield self._tokens.languages()
        else:
            yield self.recognise(msgspec.convert(args, Order))

    def recognise(self, order: Order) -> Answer:
        """Recognise one stretch of speech of up to 28 s.

        Raises:
            EngineError: Whisper does not know the language.
        """
        started_s = self._clock.now()
        sound = to_16_khz(order.audio)
        length_s = len(sound) / RATE_HZ
        shortest_s = _TRANSLATION_WINDOW_S if order.translates else _SHORTEST_WINDOW_S
        encoded = self._encode(sound, max(_LEAD_S + length_s + _TAIL_S, shortest_s))
        language, is_sure = self._language(encoded, order)
        result = self._generate(encoded, language, length_s, order)
        if _repeats(self._tokens.text(result.sequences_ids[0])):
            encoded = self._encode(sound, _FULL_WINDOW_S)
            result = self._generate(encoded, language, length_s, order)
        ids = [] if _is_nothing(result) else result.sequences_ids[0]
        words = self._tokens.words(ids, _DEFAULT_LANGUAGE if order.translates else language)
        return Answer(
            words=tuple(_heard_word(word, result.logits[0]) for word in words),
            language=language,
            language_is_sure=is_sure,
            cut=self._cut(encoded, sound, words, order.cut_within),
            run_ms=(self._clock.now() - started_s) * 1000,
        )

    def _encode(self, sound: Samples, window_s: float) -> Any:
        lead = int(_LEAD_S * RATE_HZ)
        padded = np.zeros(int(window_s * RATE_HZ) // HOP_SAMPLES * HOP_SAMPLES, np.float32)
        padded[lead : lead + len(sound)] = sound
        features = ctranslate2.StorageView.from_array(log_mel(padded)[np.newaxis])
        return self._model.encode(features)

    def _language(self, encoded: Any, order: Order) -> tuple[str, bool]:
        wanted = order.language
        if wanted is not None:
            if not self._tokens.knows(wanted):
                raise _unknown(wanted)
            return wanted, True
        found = [(name.strip("<|>"), p) for name, p in self._model.detect_language(encoded)[0]]
        if order.candidates:
            found = [(name, p) for name, p in found if name in order.candidates]
            if not found:
                raise _unknown(order.candidates[0])
            (name, probability), *_ = found  # the most probable comes first
            return name, probability >= _SURE_OF_LANGUAGE * sum(p for _, p in found)
        (name, probability), *_ = found
        is_sure = probability >= _SURE_OF_LANGUAGE
        return (name if is_sure else order.likely_language or _DEFAULT_LANGUAGE), is_sure

    def _generate(self, encoded: Any, language: str, length_s: float, order: Order) -> Any:
        prompt = self._tokens.prompt(language, order.about, translates=order.translates)
        # Nobody says more than seven tokens a second; without a limit a loop takes seconds.
        n_new = min(224, int(7 * length_s) + 20)
        (result,) = self._model.generate(
            encoded,
            [prompt],
            beam_size=1,
            max_length=min(448, len(prompt) + n_new),
            return_scores=True,
            return_no_speech_prob=True,
            return_logits_vocab=True,
        )
        return result

    def _cut(
        self, encoded: Any, sound: Samples, words: list[Word], within: int | None
    ) -> Cut | None:
        if within is None or not words:
            return None
        n_frames = int((_LEAD_S + len(sound) / RATE_HZ) * RATE_HZ) // HOP_SAMPLES
        start = self._tokens.start(_DEFAULT_LANGUAGE)  # which one makes no difference here
        ids = [token.id for word in words for token in word.tokens]
        (aligned,) = self._model.align(encoded, start, [ids], n_frames)
        frame_of: dict[int, int] = {}
        for place, frame in aligned.alignments:
            frame_of.setdefault(place, frame)
        starts_s = [frame_of[word.tokens[0].place] * _FRAME_S - _LEAD_S for word in words]
        return choose_cut(sound, starts_s[: within + 1])


def _unknown(language: str) -> EngineError:
    return EngineError(
        f"Whisper does not know the language {language!r}", code="unsupported_language"
    )


def _repeats(text: str) -> bool:
    """Say whether a long stretch of the text comes twice (or a short one over and over)."""
    ends = range(_REPEATED_CHARACTERS, len(text) + 1)
    stretches = [text[end - _REPEATED_CHARACTERS : end] for end in ends]
    return len(set(stretches)) < len(stretches)


def _is_nothing(result: Any) -> bool:
    logprob: float = result.scores[0]
    is_noise: bool = result.no_speech_prob > _NO_SPEECH and logprob < _UNLIKELY_LOGPROB
    return is_noise or logprob < _ABSURD_LOGPROB


def _heard_word(word: Word, logits: Sequence[Any]) -> HeardWord:
    tokens = [(t.text, _logprob(np.array(logits[t.place]), t.id)) for t in word.tokens]
    return HeardWord(word.text, tuple(tokens))


def _logprob(logits: Samples, token: int) -> float:
    highest = logits.max()
    return float(logits[token] - highest - np.log(np.sum(np.exp(logits - highest))))
