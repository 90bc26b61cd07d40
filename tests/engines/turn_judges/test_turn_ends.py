"""What semantic_vad makes of real speech: the bundled transcriber and the end-of-turn model."""

from collections.abc import AsyncIterator

import pytest

from tests.bundled_models import model_dir
from tests.recordings import recording
from vivavoce.core.turn_ends import JUDGE_AFTER_MS, WAITS, TurnEnd, turn_end
from vivavoce.engines.transcribers.whisper import open_engine as open_whisper
from vivavoce.engines.turn_judges.smart_turn import open_engine as open_judge
from vivavoce.interfaces import (
    AudioOrPause,
    SpeechPaused,
    Transcriber,
    TranscriptionHints,
    TranscriptSoFar,
    TurnJudge,
)
from vivavoce.media.pcm import BYTES_PER_MS, Pcm, silence


@pytest.mark.models
async def test_whole_sentences_end_soon_and_broken_off_ones_late() -> None:
    whisper_dir, judge_dir = model_dir("whisper-base"), model_dir("smart-turn-v3.2")
    async with (
        open_whisper({"model_dir": str(whisper_dir)}) as transcriber,
        open_judge({"model_dir": str(judge_dir)}) as judge,
    ):
        whole = await _end(recording("goforward").data, transcriber, judge)
        seven_of_clubs = await _end(recording("cards-003").data, transcriber, judge)
        and_so_my = await _end(recording("jfk").data[: 1_600 * BYTES_PER_MS], transcriber, judge)

    assert whole.wait_ms == 1_200
    assert seven_of_clubs.wait_ms == 1_200
    assert and_so_my == TurnEnd(4_000, "longest_wait")


async def _end(sound: bytes, transcriber: Transcriber, judge: TurnJudge) -> TurnEnd:
    words = await _words(sound, transcriber)
    probability = await judge.judge(Pcm(sound + silence(JUDGE_AFTER_MS).data))
    return turn_end(words, probability, WAITS["auto"], has_judge=True)


async def _words(sound: bytes, transcriber: Transcriber) -> str | None:
    async def fed() -> AsyncIterator[AudioOrPause]:
        yield Pcm(sound + silence(64).data)
        yield SpeechPaused()

    async for event in transcriber.transcribe(fed(), TranscriptionHints()):
        if isinstance(event, TranscriptSoFar) and event.covers_pause:
            return event.text
    return None
