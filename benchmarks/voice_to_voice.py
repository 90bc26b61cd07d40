"""How soon is the answer heard: from the end of speech to the first sample of the answer.

Speech is sent in real time in chunks of 20 ms; the answer's first sample is the arrival of the
first `response.output_audio.delta`. Fixed-delay engines take 240 ms in all.
"""

import asyncio
from itertools import cycle, islice

from benchmarks import report
from benchmarks.bare_chain import bare_chain
from benchmarks.clips import Clip, load
from benchmarks.server import fixed_delay_engines, server
from benchmarks.speaker import Turn, server_vad, speaker

FIRST_AUDIO = "response.output_audio.delta"
PAUSE_S = 1.0  # between an answer and the next turn


async def measure(
    url: str, clips: list[Clip], n_turns: int, silence_ms: int, voice: str | None = None
) -> list[Turn]:
    """Hold one conversation; the first turn only warms up and is not counted."""
    session = server_vad(silence_ms)
    if voice is not None:
        session["audio"]["output"] = {"voice": voice}  # type: ignore[index]  # built just above
    turns: list[Turn] = []
    async with speaker(url, session) as person:
        await asyncio.sleep(PAUSE_S)
        for clip in islice(cycle(clips), n_turns + 1):
            turns.append(await person.say(clip.audio()))
            await asyncio.sleep(PAUSE_S)
    return [turn for turn in turns[1:] if FIRST_AUDIO in turn.events]


def latencies(turns: list[Turn]) -> list[float]:
    """Return each turn's milliseconds to the first sample of the answer."""
    return [turn.ms_to(FIRST_AUDIO) for turn in turns]


def waterfall(turns: list[Turn]) -> dict[str, float]:
    """Return the median milliseconds from the end of speech to each step."""
    names = {name for turn in turns for name in turn.marks}
    steps = {
        name: round(report.percentile([t.marks[name] for t in turns if name in t.marks], 0.5), 1)
        for name in names
    }
    return dict(sorted(steps.items(), key=lambda step: step[1]))


async def fixed(n_turns: int) -> None:
    """Engines elsewhere with fixed delays: 200 ms and 500 ms of silence, natural speech."""
    figures: dict[str, object] = {}
    async with fixed_delay_engines() as config, server(config=config) as (url, _):
        for silence_ms in (200, 500):
            turns = await measure(url, load(silence_ms), n_turns, silence_ms)
            figures[f"silence_{silence_ms}_ms"] = report.spread(latencies(turns))
            figures[f"waterfall_{silence_ms}_ms"] = waterfall(turns)
    report.write("voice-fixed-delay", {"turns": n_turns, "engine_ms": 240}, figures)


async def bundled(profile: str, n_turns: int) -> None:
    """The bundled engines: default voice, another voice, two sessions, against the bare chain."""
    clips = [clip for clip in load(500) if 2_000 <= clip.length_ms <= 5_000]
    chain = await bare_chain(profile, clips)
    figures: dict[str, object] = {"bare_chain_ms": report.spread(chain)}
    async with server("--profile", profile) as (url, _):
        one = await measure(url, clips, n_turns, 500)
        figures["one_session"] = report.spread(latencies(one))
        figures["waterfall"] = waterfall(one)
        other = await measure(url, clips, max(5, n_turns // 4), 500, voice="marin")
        figures["other_voice"] = report.spread(latencies(other))
        two = await asyncio.gather(*(measure(url, clips, max(5, n_turns // 4), 500) for _ in "12"))
        figures["two_sessions"] = report.spread(latencies([*two[0], *two[1]]))
        figures["barge_in_ms"] = report.spread([await barge_in(url, clips[0]) for _ in range(5)])
    limit = 500 + 0.75 * figures["bare_chain_ms"]["p50"]  # type: ignore[index]  # spread() above
    figures["limit_500_plus_three_quarters_of_chain_ms"] = round(limit, 1)
    report.write(f"voice-{profile}", {"turns": n_turns, "silence_ms": 500}, figures)


async def barge_in(url: str, clip: Clip) -> float:
    """Return ms from the first speech over an answer to the last audio delta of that answer."""
    question = "Count slowly from one to one hundred, in words, without leaving any out."
    async with speaker(url, server_vad(500)) as person:
        message = {"type": "message", "role": "user"}
        message["content"] = [{"type": "input_text", "text": question}]  # type: ignore[assignment]
        await person.send({"type": "conversation.item.create", "item": message})
        await person.send({"type": "response.create"})
        answer = person.turn
        async with asyncio.timeout(30):
            await answer.has_sound.wait()
        start_of_clip, last_audio = await person.interrupt(clip.audio())
    return max(0.0, (last_audio - start_of_clip) * 1000 - clip.first_speech_ms)
