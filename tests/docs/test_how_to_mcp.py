"""`docs/how-to/mcp.md`: its configuration is one."""

import re
from pathlib import Path

import pytest

from vivavoce.config import load_config
from vivavoce.tools.named_servers import named_servers
from vivavoce.tools.network_policy import make_policy

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "mcp.md"
ENVIRONMENT = {"TICKETS_TOKEN": "sesame", "NOTES_FOLDER": "notes", "PATH": "/bin"}


@pytest.mark.parametrize("block", re.findall(r"```toml\n(.*?)```", PAGE.read_text(), re.DOTALL))
def test_its_tables_are_read(block: str, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(block)

    tools = load_config(file, environment=ENVIRONMENT).config.tools

    make_policy(tools.allow_private_addresses, allows_http=tools.allow_http)
    named = named_servers(tools, ENVIRONMENT)
    is_about_something_else = tools.allow_private_addresses or tools.continue_after_call
    assert is_about_something_else or sorted(named) == ["notes", "tickets"]
