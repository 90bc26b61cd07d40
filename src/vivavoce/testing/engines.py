"""Engines that do what they are told: no model, no chance, no waiting unless asked for.

For tests of the server, of plug-ins and of clients. Each keeps what it was asked, and how its
streams ended. Time passes through the `sleep` they are given, so that a test need not wait.
"""

import asyncio
from collections.abc import Callable

from vivavoce.interfaces import Engines, Prompt
from vivavoce.testing.answering import ScriptedLanguageModel, ScriptedResponder, ScriptedSynthesizer
from vivavoce.testing.asked import Asked
from vivavoce.testing.interpreting import ScriptedInterpreter
from vivavoce.testing.listening import (
    ScriptedSpeechDetector,
    ScriptedTranscriber,
    ScriptedTurnJudge,
)
from vivavoce.testing.script import Answer, Call, Fault, Heard, Sleep, Voice, one_after_another

__all__ = [
    "Answer",
    "Asked",
    "Call",
    "Fault",
    "Heard",
    "ScriptedInterpreter",
    "ScriptedLanguageModel",
    "ScriptedResponder",
    "ScriptedSpeechDetector",
    "ScriptedSynthesizer",
    "ScriptedTranscriber",
    "ScriptedTurnJudge",
    "Voice",
    "one_after_another",
    "scripted_engines",
]


def scripted_engines(
    *,
    hear: Callable[[int], Heard] | None = None,
    answer: Callable[[Prompt], Answer] | None = None,
    voice: Voice | None = None,
    voices: tuple[str, ...] = (),
    threshold_dbfs: float = -40.0,
    translate: Callable[[int, str], Answer] | None = None,
    turn_judge: ScriptedTurnJudge | None = None,
    line_after_s: float = 0.0,
    sleep: Sleep = asyncio.sleep,
) -> Engines:
    """Return engines that follow one script; plain lists go through `one_after_another`.

    Args:
        hear: what is heard in the n-th spoken turn of a session, from 1; None: "Hello."
        answer: what is answered to a prompt; None: "Hello there."
        voice: how answers sound.
        voices: wire names of the voices; empty: any.
        threshold_dbfs: what is louder is speech.
        translate: how the n-th utterance of a session, from 1, is said in a language; None:
            "Hello there."
        turn_judge: None: a pause alone counts.
        line_after_s: how long a line that is no answer takes to its first sound.
        sleep: how time passes.
    """
    hear = hear or one_after_another([Heard(text="Hello.")])
    answer = answer or one_after_another([Answer(text="Hello there.")])
    translate = translate or (lambda _number, _language: Answer(text="Hello there."))
    transcriber = ScriptedTranscriber(hear, sleep=sleep)
    interpreter = ScriptedInterpreter(translate, voice, sleep=sleep)

    def forget(session_id: str) -> None:
        transcriber.forget(session_id)
        interpreter.forget(session_id)

    return Engines(
        new_speech_detector=lambda: ScriptedSpeechDetector(threshold_dbfs),
        transcriber=transcriber,
        responder=ScriptedResponder(answer, voice, sleep=sleep),
        language_model=ScriptedLanguageModel(answer, forget=forget, sleep=sleep),
        voices=voices,
        speak=ScriptedSynthesizer(voice, first_audio_s=line_after_s, sleep=sleep).synthesize,
        turn_judge=turn_judge,
        interpreter=interpreter,
    )
