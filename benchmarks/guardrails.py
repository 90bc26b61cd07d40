"""What guard rails of words cost: time to the first sound and to the end of a spoken answer.

`python -m benchmarks.guardrails`; scripted engines that take no time, so all that is measured is
the cascade and the guard rail, each in the same run.
"""

import asyncio
import statistics
import time
from contextlib import AbstractAsyncContextManager, aclosing
from functools import partial

from msgspec import structs

from vivavoce.engines.cascade.lines import speak_line
from vivavoce.engines.cascade.responder import CascadeResponder
from vivavoce.engines.guards.opening import open_guards
from vivavoce.engines.guards.settings import GuardrailConfig
from vivavoce.interfaces import AudioDelta, Embedder, Engines, Prompt, ResponseRequest
from vivavoce.testing.engines import (
    Answer,
    ScriptedLanguageModel,
    ScriptedSynthesizer,
    scripted_engines,
)

N_ANSWERS = 300
N_PHRASES = 200
TEXT = "The shop opens at nine, and it is two minutes from the station. " * 6


def main() -> None:
    """Measure, and print one line for each."""
    asyncio.run(_measure())


async def _measure() -> None:
    synthesizer = ScriptedSynthesizer()
    model = ScriptedLanguageModel(lambda _prompt: Answer(text=TEXT))
    plain = structs.replace(
        scripted_engines(),
        responder=CascadeResponder(model, synthesizer),
        speak=partial(speak_line, synthesizer),
    )
    words = tuple(f"wholesale price {number}" for number in range(N_PHRASES))
    config = GuardrailConfig(name="words", kind="words", words=words)
    async with open_guards([config], {}, _no_model) as guards:
        guarded = guards.stand_before(plain, "gpt-realtime", "any")
        firsts: dict[str, list[float]] = {"without": [], "with": []}
        wholes: dict[str, list[float]] = {"without": [], "with": []}
        for _ in range(N_ANSWERS):  # in turns, so that both meet the same machine
            for name, engines in (("without", plain), ("with", guarded)):
                first_s, whole_s = await _answer(engines)
                firsts[name].append(first_s)
                wholes[name].append(whole_s)
    for what, times in (("first sound", firsts), ("whole answer", wholes)):
        without, with_guards = (statistics.median(times[name]) for name in ("without", "with"))
        print(
            f"{what}: {without * 1000:.3f} ms without, {with_guards * 1000:.3f} ms with "
            f"{N_PHRASES} phrases, {with_guards / without:.2f} times"
        )


async def _answer(engines: Engines) -> tuple[float, float]:
    request = ResponseRequest(response_id="resp_1", prompt=Prompt(session_id="sess_1"))
    began, first = time.perf_counter(), 0.0
    async with aclosing(engines.responder.respond(request)) as events:
        async for event in events:
            if isinstance(event, AudioDelta) and not first:
                first = time.perf_counter() - began
    return first, time.perf_counter() - began


def _no_model() -> AbstractAsyncContextManager[Embedder]:
    raise AssertionError("there are no topics")


if __name__ == "__main__":
    main()
