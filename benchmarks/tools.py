"""Which tool, with which arguments: how often a language model gets function calls right.

104 conversations in three sets, each with ten tools of its own. Prompt and grammar were tuned on
`home` alone. `travel` was looked at since, `office` was not. `python -m benchmarks.tools --help`
says how to run it on another model.
"""

import argparse
import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from statistics import median

from benchmarks import report
from benchmarks.plain_chat import calls_in, described, plain_chat
from benchmarks.tool_cases import Case, CaseSet
from benchmarks.tool_cases_home import HOME
from benchmarks.tool_cases_office import OFFICE
from benchmarks.tool_cases_travel import TRAVEL
from benchmarks.tool_scores import Found, Score
from vivavoce.config import load_config
from vivavoce.engines.bundled_models import LANGUAGE_MODELS, engine_settings
from vivavoce.engines.language_models.chat_completions import open_engine as open_http_engine
from vivavoce.engines.language_models.llama_cpp.engine import open_engine
from vivavoce.interfaces import (
    LanguageModel,
    Prompt,
    TextDelta,
    ToolCallDelta,
    ToolCallFinished,
    ToolCallStarted,
)

SETS = {cases.name: cases for cases in (HOME, TRAVEL, OFFICE)}
PLAIN_SETS = [TRAVEL.name]
MAX_OUTPUT_TOKENS = 200

Change = Callable[[Prompt], Prompt]


async def run() -> None:
    """Measure the default model on all sets, then behind plain chat completions."""
    await measure("standard", list(SETS))
    await measure_plain("standard", PLAIN_SETS)


async def measure(model: str, names: Sequence[str], base_url: str = "") -> None:
    """Measure one model and store the figures of each set as soon as they are there.

    Args:
        model: `standard`, `light`, a name of the catalogue, a GGUF file, or with `base_url` any
            name that the server there knows.
        names: of the sets of cases.
        base_url: of a server with `/chat/completions`; empty: the bundled engine.
    """
    async with _opened(model, base_url) as engine:
        for name in names:
            figures = await score(engine, SETS[name])
            _write(f"tools-{name}", model, {"tuned_on": HOME.name}, figures)


async def measure_plain(model: str, names: Sequence[str]) -> None:
    """Measure one bundled model without prompt, grammar and protocol of ours; store the figures.

    `template` gives it the functions as its chat template does, `described` in the instructions.
    """
    figures: dict[str, object] = {}
    async with plain_chat(_path(model)) as engine:
        for name in names:
            figures[f"{name}_template"] = await score(engine, SETS[name])
            figures[f"{name}_described"] = await score(engine, SETS[name], described)
    settings = {"sets": list(names), "through": "the runtime's own chat completions"}
    _write("tools-plain", model, settings, figures)


def _write(
    benchmark: str, model: str, settings: Mapping[str, object], figures: dict[str, object]
) -> None:
    name = re.sub(r"[^a-z0-9.]+", "-", Path(model).stem.lower())
    report.write(f"{benchmark}-{name}", {"model": model, "temperature": 0, **settings}, figures)


async def score(
    engine: LanguageModel, cases: CaseSet, change: Change | None = None
) -> dict[str, object]:
    """Ask all cases of a set, one after the other, and count."""
    counts, seconds = Score(), []
    head = Prompt(session_id=cases.name, instructions=cases.instructions, tools=cases.tools)
    started = time.perf_counter()
    await engine.prefill(head)
    prefill_s = time.perf_counter() - started
    for case in cases.cases:
        found = await answer(engine, cases, case, change or _unchanged)
        counts.add(case, cases.tools, found)
        seconds.append(found.seconds)
    return {
        **counts.figures(),
        "prefill_s": round(prefill_s, 1),
        "answer_s_p50": round(median(seconds), 2),
    }


async def answer(engine: LanguageModel, cases: CaseSet, case: Case, change: Change) -> Found:
    """Ask one case; calls that a model writes into its words count as calls."""
    prompt = Prompt(
        session_id=cases.name,
        instructions=cases.instructions,
        tools=cases.tools,
        items=case.items,
        temperature=0.0,
        max_output_tokens=MAX_OUTPUT_TOKENS,
    )
    calls: list[tuple[str, str]] = []
    text, name, arguments = "", "", ""
    started = time.perf_counter()
    async with aclosing(engine.generate(change(prompt))) as events:
        async for event in events:
            match event:
                case TextDelta(piece):
                    text += piece
                case ToolCallStarted(name):
                    arguments = ""
                case ToolCallDelta(piece):
                    arguments += piece
                case ToolCallFinished():
                    calls.append((name, arguments))
                case _:
                    pass
    return Found(calls or list(calls_in(text)), text, time.perf_counter() - started)


@asynccontextmanager
async def _opened(model: str, base_url: str) -> AsyncIterator[LanguageModel]:
    if base_url:
        async with open_http_engine({"base_url": base_url, "model": model}) as engine:
            yield engine
        return
    settings = {"model_path": _path(model), "slots": 1, "window_tokens": 4096}
    async with open_engine(settings) as engine:
        yield engine


def _path(model: str) -> str:
    models_dir = load_config(flags={}).models_dir
    table = {"use": "llama-cpp", "model": LANGUAGE_MODELS.get(model, model)}
    return str(engine_settings(table, "standard", models_dir)["model_path"])


def _unchanged(prompt: Prompt) -> Prompt:
    return prompt


def main() -> None:
    """Run it as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="standard", help="standard, light, a GGUF file, a name")
    parser.add_argument("--base-url", default="", help="a server with /chat/completions")
    parser.add_argument("--set", choices=SETS, action="append", help="default: all")
    parser.add_argument("--plain", action="store_true", help="behind plain chat completions")
    given = parser.parse_args()
    if given.plain:
        asyncio.run(measure_plain(given.model, given.set or PLAIN_SETS))
    else:
        asyncio.run(measure(given.model, given.set or list(SETS), given.base_url))


if __name__ == "__main__":
    main()
