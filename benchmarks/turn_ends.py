"""Question: how long after the end of speech does semantic_vad end a turn, and the answer begin?

Whole utterances, and the same cut off at the quietest moment around two thirds of their length,
as if the speaker had to think. The bundled engines of the `light` profile; answers of at most 24
tokens. Some cuts leave a whole sentence: those rightly end soon.
"""

import asyncio
import re

import aiohttp
import numpy as np

from benchmarks import report
from benchmarks.clips import Clip, load
from benchmarks.server import server
from benchmarks.speaker import Turn, speaker
from vivavoce.media.pcm import BYTES_PER_MS, BYTES_PER_SAMPLE

SPEECH_STOPPED = "input_audio_buffer.speech_stopped"
FIRST_AUDIO = "response.output_audio.delta"
PAUSE_S = 1.0
SHORTEST_CUT_MS = 1_700
CUT_AT = 0.65
AROUND = 0.08
"""The cut is the quietest 30 ms within this share of the length before and after `CUT_AT`."""
ANSWER_TOKENS = 24


async def run() -> None:
    """Measure, and store the figures."""
    clips = load(500)
    whole = [(clip.name, clip.audio()) for clip in clips]
    cut = [(clip.name, cut_off(clip)) for clip in clips if clip.length_ms >= SHORTEST_CUT_MS]
    figures: dict[str, object] = {}
    async with server("--profile", "light") as (url, _):
        for eagerness in ("auto", "high"):
            turns = await measure(url, eagerness, whole)
            figures[f"{eagerness}, whole"] = _figures(turns)
        turns = await measure(url, "auto", cut)
        figures["auto, cut off"] = _figures(turns)
        figures["reasons"] = await reasons(url)
    settings: dict[str, object] = {"whole": len(whole), "cut_off": len(cut)}
    report.write("turn-ends", settings, figures)


def cut_off(clip: Clip) -> bytes:
    """Return the first two thirds of a clip, up to its quietest moment there."""
    audio = clip.audio()
    samples = np.frombuffer(audio, "<i2").astype(np.float64)
    first, last = (int(len(samples) * (CUT_AT + side)) for side in (-AROUND, AROUND))
    window = np.ones(30 * BYTES_PER_MS // BYTES_PER_SAMPLE)
    energy = np.convolve(samples**2, window, "same")[first:last]
    return audio[: (first + int(np.argmin(energy))) * BYTES_PER_SAMPLE]


async def measure(url: str, eagerness: str, sounds: list[tuple[str, bytes]]) -> list[Turn]:
    """Speak each sound in a conversation of its own; the first warms up and is repeated."""
    turns: list[Turn] = []
    for name, sound in [sounds[0], *sounds]:
        async with speaker(url, _settings(eagerness)) as person:
            await asyncio.sleep(PAUSE_S)
            turn = await person.say(sound)
            print(eagerness, name, round(turn.ms_to(SPEECH_STOPPED)), flush=True)
            turns.append(turn)
    return turns[1:]


async def reasons(url: str) -> dict[str, int]:
    """Return how many turns ended why."""
    address = url.removesuffix("/v1") + "/metrics"
    async with aiohttp.ClientSession() as client, client.get(address) as answer:
        text = await answer.text()
    found = re.findall(r'vivavoce_turns_total\{reason="(\w+)"\} (\d+)', text)
    return {reason: int(count) for reason, count in found}


def _settings(eagerness: str) -> dict[str, object]:
    detection = {"type": "semantic_vad", "eagerness": eagerness}
    return {
        "audio": {"input": {"turn_detection": detection}},
        "max_output_tokens": ANSWER_TOKENS,
    }


def _figures(turns: list[Turn]) -> dict[str, object]:
    stopped = [turn.ms_to(SPEECH_STOPPED) for turn in turns]
    heard = [turn.ms_to(FIRST_AUDIO) for turn in turns if FIRST_AUDIO in turn.events]
    return {
        "speech_stopped_ms": report.spread(stopped),
        "stopped_within_1_5_s": sum(ms < 1_500 for ms in stopped),
        "first_audio_ms": report.spread(heard),
    }
