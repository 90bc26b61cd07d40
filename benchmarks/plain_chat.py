"""The bundled language model behind plain chat completions, as its runtime serves it.

What the `tools` benchmark compares with: no prompt, no grammar and no protocol of ours.
"""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

from msgspec import structs

from vivavoce.engines.language_models.chat_completions import open_engine
from vivavoce.interfaces import LanguageModel, Prompt

DESCRIBED = """You can call these functions:
{tools}

To call functions, answer with nothing but a JSON object for each: {{"name": <function-name>, \
"arguments": <args-json-object>}}. When no function is needed, answer in words."""


@asynccontextmanager
async def plain_chat(model_path: str) -> AsyncIterator[LanguageModel]:
    """Serve the model on a loopback port and open it as any other server would be."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = model_path
    params.n_ctx = 4096
    params.n_parallel = 1
    params.cache_ram_mib = 0
    params.use_jinja = True
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 2
    params.offline = True
    params.verbosity = 1
    params.port = 0
    server = xllamacpp.Server(params)
    settings = {"base_url": f"{server.listening_address}/v1", "model": "plain", "timeout_s": 300.0}
    async with open_engine(settings) as model:
        yield model


def described(prompt: Prompt) -> Prompt:
    """Return the prompt with its tools described in the instructions."""
    tools = "\n".join(
        json.dumps({"name": it.name, "description": it.description, "parameters": it.parameters})
        for it in prompt.tools
    )
    instructions = f"{prompt.instructions}\n\n{DESCRIBED.format(tools=tools)}"
    return structs.replace(prompt, instructions=instructions, tools=())


def calls_in(text: str) -> Iterator[tuple[str, str]]:
    """Yield the calls that stand in a text, however they are wrapped."""
    place = text.find("{")
    while place >= 0:
        value, end = _object_at(text, place)
        if value is not None and isinstance(value.get("name"), str) and "arguments" in value:
            yield value["name"], json.dumps(value["arguments"])
        place = text.find("{", end)


def _object_at(text: str, place: int) -> tuple[dict[str, Any] | None, int]:
    try:
        value, end = json.JSONDecoder().raw_decode(text, place)
    except ValueError:
        return None, place + 1
    return value if isinstance(value, dict) else None, end
