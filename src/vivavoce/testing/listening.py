"""Scripted speech detector, transcriber and judge of turns."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing

import numpy as np

from vivavoce.interfaces import (
    FRAME_MS,
    AudioOrPause,
    Delay,
    SpeechPaused,
    SpeechResumed,
    SpokenSegment,
    Stream,
    TokenLogprob,
    TranscriberAbilities,
    Transcript,
    TranscriptDelta,
    TranscriptionEvent,
    TranscriptionHints,
    TranscriptSoFar,
)
from vivavoce.media.pcm import BYTES_PER_MS, BYTES_PER_SAMPLE, Pcm
from vivavoce.runtime.log_context import SESSION_ID
from vivavoce.testing.asked import N_KEPT, Asked, recorded
from vivavoce.testing.script import Heard, Sleep, Timeline, one_after_another, tokens

FRAME_BYTES = FRAME_MS * BYTES_PER_MS
FULL_SCALE = 32768
LOGPROB = -0.1
"""Of every word: what is scripted is nearly sure."""
SLOWNESS: dict[Delay | None, float] = {
    "minimal": 0.5,
    "low": 0.75,
    "medium": 1.0,
    None: 1.0,
    "high": 1.5,
    "xhigh": 2.0,
}
"""How much longer it takes to the next partial transcript."""


class ScriptedSpeechDetector:
    """Takes for speech whatever is loud enough. One per session, like any detector."""

    def __init__(self, threshold_dbfs: float = -40.0) -> None:
        threshold = FULL_SCALE * 10 ** (threshold_dbfs / 20)
        self._least_energy = threshold**2 * FRAME_BYTES / BYTES_PER_SAMPLE
        self._rest = b""

    def push(self, audio: Pcm) -> list[float]:
        """Return 1.0 or 0.0 for each frame of 32 ms that is completed."""
        data = self._rest + audio.data
        n_frames = len(data) // FRAME_BYTES
        self._rest = data[n_frames * FRAME_BYTES :]
        if not n_frames:
            return []
        frames = np.frombuffer(data[: n_frames * FRAME_BYTES], "<i2").reshape(
            n_frames, FRAME_BYTES // BYTES_PER_SAMPLE
        )
        energies = np.einsum("ij,ij->i", frames, frames, dtype=np.float64, casting="unsafe")
        return [float(energy > self._least_energy) for energy in energies]


class ScriptedTranscriber:
    """Hears what it is told, however the audio sounds."""

    prepare_after_ms = FRAME_MS
    abilities = TranscriberAbilities(
        candidates=True,
        prompt=True,
        keywords=True,
        delay=True,
        logprobs=True,
        speakers=True,
        writes_while_listening=True,
    )

    def __init__(self, hear: Callable[[int], Heard], *, sleep: Sleep = asyncio.sleep) -> None:
        """Make one.

        Args:
            hear: what is heard in the n-th spoken turn of a session, from 1. A turn that is
                given up before its end is not counted.
            sleep: how time passes.
        """
        self._hear = hear
        self._sleep = sleep
        self._turns: Counter[str] = Counter()
        self.asked: deque[Asked[TranscriptionHints]] = deque(maxlen=N_KEPT)

    async def transcribe(
        self, audio: AsyncIterator[AudioOrPause], hints: TranscriptionHints
    ) -> Stream[TranscriptionEvent]:
        """Yield the partial transcripts as the audio grows, and the transcript at its end."""
        session_id = SESSION_ID.get()
        self._turns[session_id] += 1
        number = self._turns[session_id]
        is_whole = False
        try:
            with recorded(self.asked, hints):
                async with aclosing(self._follow(audio, self._hear(number), hints)) as events:
                    async for event in events:
                        is_whole = isinstance(event, Transcript)
                        yield event
        finally:
            if not is_whole and self._turns[session_id] == number:
                self._turns[session_id] -= 1

    def forget(self, session_id: str) -> None:
        """Count the turns of a session no more."""
        self._turns.pop(session_id, None)

    async def _follow(
        self, audio: AsyncIterator[AudioOrPause], heard: Heard, hints: TranscriptionHints
    ) -> Stream[TranscriptionEvent]:
        partial_bytes = int(heard.partial_every_ms * SLOWNESS[hints.delay]) * BYTES_PER_MS
        timeline = Timeline(self._sleep, heard.fault)
        partials = deque(_growth(heard.partials))
        n_bytes = n_all_bytes = 0
        is_known = False
        async for entry in audio:
            match entry:
                case Pcm(data=data):
                    n_bytes += len(data)
                    n_all_bytes += len(data)
                case SpeechPaused():
                    await timeline.spend(heard.transcript_s)
                    is_known = True
                    yield TranscriptSoFar(heard.text, covers_pause=True)
                case SpeechResumed():
                    is_known = False
            while partials and n_bytes >= partial_bytes:
                n_bytes -= partial_bytes
                yield TranscriptDelta(partials.popleft())
        if not is_known:
            await timeline.spend(heard.transcript_s)
        await timeline.finish()
        yield _transcript(heard, hints, n_all_bytes / BYTES_PER_MS / 1000)


def _transcript(heard: Heard, hints: TranscriptionHints, length_s: float) -> Transcript:
    language = hints.language or heard.language
    if hints.languages and language not in hints.languages:
        language = hints.languages[0]
    words = tokens(heard.text) if hints.logprobs else []
    whole = SpokenSegment(text=heard.text, speaker="A", start_s=0.0, end_s=length_s)
    return Transcript(
        heard.text,
        language=language,
        logprobs=tuple(TokenLogprob(word, LOGPROB) for word in words),
        segments=(heard.segments or (whole,)) if hints.speakers else (),
    )


class ScriptedTurnJudge:
    """Gives its verdicts one after another; the last for ever."""

    def __init__(
        self,
        verdicts: Sequence[float] = (1.0,),
        *,
        verdict_s: float = 0.0,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._next = one_after_another(verdicts)
        self._verdict_s = verdict_s
        self._sleep = sleep
        self.asked: deque[Pcm] = deque(maxlen=N_KEPT)

    async def judge(self, audio: Pcm) -> float:
        """Return the next verdict."""
        self.asked.append(audio)
        await self._sleep(self._verdict_s)
        return self._next(audio)


def _growth(beginnings: Sequence[str]) -> Iterator[str]:
    before = ""
    for beginning in beginnings:
        yield beginning.removeprefix(before)
        before = beginning
