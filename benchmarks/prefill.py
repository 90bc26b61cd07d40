"""Seconds that the bundled language models take to read 1,000 tokens of instructions."""

import time

from benchmarks import report
from benchmarks.bare_chain import settled
from vivavoce.assembly.engines import opened_engines
from vivavoce.config import load_config
from vivavoce.interfaces import Prompt

SENTENCE = "The shop on the corner opens at nine and sells bread, milk, tea and newspapers. "


async def run() -> None:
    """Measure both profiles."""
    figures: dict[str, object] = {}
    for profile in ("light", "standard"):
        async with opened_engines(load_config(flags={"profile": profile})) as engines:
            model = engines.language_model
            await settled(model)
            instructions = SENTENCE * 60
            (n_tokens,) = await model.count_tokens([instructions])
            started = time.perf_counter()
            await model.prefill(Prompt(session_id="sess_prefill", instructions=instructions))
            seconds = time.perf_counter() - started
        figures[f"{profile}_s_per_1000_tokens"] = round(seconds * 1000 / n_tokens, 2)
    report.write("prefill", {"tokens": n_tokens}, figures)
