"""The tools of calls that are answered without an application, as the configuration wants them."""

import logging
from pathlib import Path

import pytest

from tests.api.server import served
from tests.assembly.test_telephone import PORTS, configured, opened
from vivavoce.api.webhooks import open_webhooks
from vivavoce.assembly.telephone import open_telephone
from vivavoce.config import SECRET, Loaded
from vivavoce.errors import ConfigError
from vivavoce.testing.tool_servers import ScriptedToolServers


def answering(tmp_path: Path, tool: str) -> Loaded:
    text = f'{PORTS}[telephone.answer]\ntools = [{{ type = "mcp", {tool} }}]\n'
    return configured(tmp_path, text)


async def start(loaded: Loaded) -> None:
    """Open the telephone of a server that has tools, and close it."""
    async with served() as server:
        gateway, engines = server.gateway, server.fakes.engines()
        gateway.tool_servers = ScriptedToolServers({})
        async with (
            open_webhooks(
                (), gateway.database, gateway.clock, gateway.background, gateway.new_id
            ) as webhooks,
            open_telephone(loaded, gateway, webhooks, None, engines),
        ):
            pass


async def test_a_tool_that_the_server_lacks_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"telephone\.answer"):
        async with opened(answering(tmp_path, 'server_label = "files"')):
            pass


def test_functions_of_a_client_are_refused_as_there_is_none(tmp_path: Path) -> None:
    text = f'{PORTS}[telephone.answer]\ntools = [{{ type = "function", name = "f" }}]\n'

    with pytest.raises(ConfigError, match=r"tools\[0\]\.type"):
        configured(tmp_path, text)


@pytest.mark.parametrize(
    ("approval", "is_warned"),
    [("", True), (', require_approval = "always"', True), (', require_approval = "never"', False)],
)
async def test_the_log_warns_of_tools_that_nobody_could_approve(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, approval: str, is_warned: bool
) -> None:
    with caplog.at_level(logging.WARNING):
        await start(answering(tmp_path, f'server_label = "home"{approval}'))

    assert ("tools of 'home' wait for approval" in caplog.text) is is_warned


def test_the_secrets_of_a_tool_are_not_shown(tmp_path: Path) -> None:
    secrets = 'server_label = "m", server_url = "https://m/", authorization = "sesame", '
    loaded = answering(tmp_path, f'{secrets}headers = {{ "X-Key" = "sesame" }}')

    shown = {name: value for name, value, _ in loaded.effective()}

    assert "sesame" not in repr(shown)
    assert SECRET in repr(shown["telephone.answer.tools"])
