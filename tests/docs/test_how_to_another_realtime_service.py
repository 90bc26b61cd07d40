"""The snippets of the page are good configurations, and its tables are complete."""

import re
from pathlib import Path

import pytest

from vivavoce.config import load_config
from vivavoce.engines.http_client import Endpoint
from vivavoce.engines.loader import find_engine
from vivavoce.engines.responders import omni, realtime_settings
from vivavoce.engines.strict_settings import with_environment

PAGE = Path(__file__).parents[2] / "docs/how-to/another-realtime-service.md"
SNIPPETS = re.findall(r"```toml\n(.*?)```", PAGE.read_text(), re.DOTALL)
ENVIRONMENT = {"OPENAI_API_KEY": "sk-for-a-test", "UPSTREAM_KEY": "sk-for-a-test"}


@pytest.mark.parametrize("snippet", SNIPPETS)
async def test_the_responder_of_a_snippet_opens(snippet: str, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(snippet)

    tables = load_config(file, environment=ENVIRONMENT).engine_tables

    table = with_environment(tables["responder"], ENVIRONMENT)
    async with find_engine("responder", str(table.pop("use")))(table) as engine:
        assert engine.responder.hears_audio


@pytest.mark.parametrize("kind", [Endpoint, realtime_settings.Options, omni.Options])
def test_every_setting_is_described(kind: type) -> None:
    table = PAGE.read_text().partition("## All settings")[2]

    missing = [name for name in kind.__struct_fields__ if f"`{name}`" not in table]  # type: ignore[attr-defined]  # a struct

    assert missing == []
