"""Scripted interpreter."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable

from vivavoce.interfaces import (
    AudioDelta,
    Stream,
    TextDelta,
    Translated,
    TranslationEvent,
    TranslationRequest,
)
from vivavoce.media.pcm import BYTES_PER_MS
from vivavoce.runtime.response_job import pieces
from vivavoce.testing.asked import N_KEPT, Asked, recorded
from vivavoce.testing.script import Answer, Sleep, Timeline, Voice, clauses, speech

DELTA_MS = 100
"""Longest piece of speech handed over at once."""


class ScriptedInterpreter:
    """Says what it is told, whatever it hears, in any language."""

    languages: tuple[str, ...] = ()
    needs_transcript = False

    def __init__(
        self,
        translate: Callable[[int, str], Answer],
        voice: Voice | None = None,
        *,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Make one.

        Args:
            translate: how the n-th utterance of a session, from 1, is said in a language.
            voice: how it sounds.
            sleep: how time passes.
        """
        self._translate = translate
        self._voice = voice or Voice()
        self._sleep = sleep
        self._utterances: Counter[str] = Counter()
        self.asked: deque[Asked[TranslationRequest]] = deque(maxlen=N_KEPT)

    async def interpret(self, request: TranslationRequest) -> Stream[TranslationEvent]:
        """Say the translation, clause by clause."""
        self._utterances[request.session_id] += 1
        answer = self._translate(self._utterances[request.session_id], request.language)
        with recorded(self.asked, request):
            timeline = Timeline(self._sleep, answer.fault)
            await timeline.spend(answer.first_token_s)
            for clause in clauses(answer.text):
                yield TextDelta(clause)
                await timeline.spend(answer.first_audio_s)
                sound = speech(clause, self._voice)
                for piece in pieces(sound, DELTA_MS * BYTES_PER_MS):
                    yield AudioDelta(piece)
            await timeline.finish()
            yield Translated()

    def forget(self, session_id: str) -> None:
        """Count the utterances of a session no more."""
        self._utterances.pop(session_id, None)
