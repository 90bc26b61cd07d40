"""The snippets of the page are good configurations, and its tables are complete."""

import re
from pathlib import Path

import pytest

from vivavoce.config import load_config
from vivavoce.engines.http_client import Endpoint
from vivavoce.engines.language_models import chat_completions
from vivavoce.engines.loader import find_engine
from vivavoce.engines.strict_settings import with_environment
from vivavoce.engines.synthesizers import openai_http as synthesizer
from vivavoce.engines.transcribers import openai_http as transcriber

PAGE = Path(__file__).parents[2] / "docs/how-to/bring-your-own-model.md"
SNIPPETS = re.findall(r"```toml\n(.*?)```", PAGE.read_text(), re.DOTALL)
ROLES = ("language_model", "transcriber", "synthesizer")
ENVIRONMENT = {"OPENAI_API_KEY": "sk-for-a-test"}


@pytest.mark.parametrize("snippet", SNIPPETS)
async def test_the_engines_of_a_snippet_open(snippet: str, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(snippet)

    tables = load_config(file, environment=ENVIRONMENT).engine_tables

    for role in ROLES:
        table = with_environment(tables[role], ENVIRONMENT)
        if "base_url" in table:
            use = str(table.pop("use"))
            async with find_engine(role, use)(table) as engine:
                assert engine is not None


@pytest.mark.parametrize(
    "kind", [Endpoint, chat_completions.Options, transcriber.Options, synthesizer.Options]
)
def test_every_setting_is_described(kind: type) -> None:
    table = PAGE.read_text().partition("## All settings")[2]

    missing = [name for name in kind.__struct_fields__ if f"`{name}`" not in table]  # type: ignore[attr-defined]  # a struct

    assert missing == []
