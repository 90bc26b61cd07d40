"""The recorded test speech, at the rate the server works with."""

import wave
from functools import cache
from pathlib import Path

from vivavoce.media.pcm import RATE_HZ, Pcm
from vivavoce.media.resample import resample

FOLDER = Path(__file__).parent / "audio"

WORDS = {
    "librivox-austen-0870": "and mister john dashwood had then leisure to consider how much there "
    "might be prudently in his power to do for them",
    "librivox-austen-0880": "he was not an ill disposed young man",
    "librivox-austen-0890": "unless to be rather cold hearted and rather selfish is to be ill "
    "disposed",
    "librivox-austen-0920": "had he married a more amiable woman he might have been made still "
    "more respectable than he was",
    "librivox-austen-0930": "he might even have been made amiable himself",
    "cards-001": "ten of clubs",
    "cards-003": "seven of clubs",
    "cards-005": "eight of spades four of clubs seven of hearts",
    "goforward": "go forward ten meters",
    "jfk": "and so my fellow americans ask not what your country can do for you ask what you can "
    "do for your country",
}


@cache
def recording(name: str) -> Pcm:
    """Return one recording as 24 kHz sound."""
    with wave.open(str(FOLDER / f"{name}.wav")) as file:
        sound = Pcm(file.readframes(file.getnframes()), file.getframerate())
    return resample(sound, RATE_HZ)
