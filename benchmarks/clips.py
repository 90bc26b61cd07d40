"""The recorded speech that benchmarks speak, and where each clip's speech ends.

The end of speech is the end of the last 32 ms frame with a Silero v6 probability of at least 0.5,
computed offline and stored in `clips.json` (`python -m benchmarks.clips` rewrites it). A clip with
an inner pause that would end the turn is cut there.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from vivavoce.interfaces import FRAME_MS
from vivavoce.media.pcm import BYTES_PER_MS, Pcm
from vivavoce.media.wav import read_wav

AUDIO = Path(__file__).parent.parent / "tests" / "audio"
STORED = Path(__file__).with_name("clips.json")
SPEECH = 0.5
MAX_CLIP_MS = 6_000


@dataclass(frozen=True)
class Clip:
    """One utterance: a piece of a recording that ends where its speech ends."""

    name: str
    silence_ms: int
    """The silence duration for which it is one turn."""
    start_ms: int
    first_speech_ms: int
    length_ms: int
    """Up to the end of its last speech frame."""

    def audio(self) -> bytes:
        """24 kHz 16-bit mono, cut right after the end of speech's last frame."""
        data = read_wav(AUDIO / f"{self.name}.wav").data
        return data[self.start_ms * BYTES_PER_MS : (self.start_ms + self.length_ms) * BYTES_PER_MS]


def load(silence_ms: int) -> list[Clip]:
    """Return the stored clips that are one turn at this silence duration."""
    clips = [Clip(**entry) for entry in json.loads(STORED.read_text())]
    return [clip for clip in clips if clip.silence_ms == silence_ms]


def cut_clips(probabilities: list[float], name: str, silence_ms: int) -> list[Clip]:
    """Cut a recording at every pause of at least `silence_ms`; keep pieces of 1 to 6 s."""
    speech = np.flatnonzero(np.array(probabilities) >= SPEECH)
    if not len(speech):
        return []
    gaps = np.flatnonzero(np.diff(speech) * FRAME_MS > silence_ms)
    firsts = [speech[0], *speech[gaps + 1]]
    lasts = [*speech[gaps], speech[-1]]
    clips = []
    for first, last in zip(firsts, lasts, strict=True):
        start_ms = max(0, int(first) * FRAME_MS - 300)
        end_ms = (int(last) + 1) * FRAME_MS
        if 700 <= end_ms - start_ms <= MAX_CLIP_MS:
            first_ms = int(first) * FRAME_MS - start_ms
            clips.append(Clip(name, silence_ms, start_ms, first_ms, end_ms - start_ms))
    return clips


async def compute() -> None:
    """Rewrite `clips.json`."""
    from vivavoce.engines.speech_detectors.silero import open_engine

    clips: list[Clip] = []
    async with open_engine({}) as new_detector:
        for path in sorted(AUDIO.glob("*.wav")):
            padded = read_wav(path).data + bytes(1000 * BYTES_PER_MS)
            probabilities = new_detector().push(Pcm(padded))
            for silence_ms in (200, 500):
                clips += cut_clips(probabilities, path.stem, silence_ms)
    STORED.write_text(json.dumps([asdict(clip) for clip in clips], indent=1) + "\n")
    for silence_ms in (200, 500):
        print(silence_ms, "ms:", len(load(silence_ms)), "clips")


if __name__ == "__main__":
    import asyncio

    asyncio.run(compute())
