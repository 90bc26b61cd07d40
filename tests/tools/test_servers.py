"""Which server of tools is meant by an address, and which are refused by name."""

from collections.abc import Mapping

import pytest

from vivavoce.errors import ConfigError, ProtocolError
from vivavoce.interfaces.tools import ListedTool, ToolServer, ToolServerAddress
from vivavoce.tools.servers import SessionToolServers, open_tool_servers
from vivavoce.tools.settings import NamedServerSettings, ToolsSettings

PUBLIC = "https://mcp.example.com/mcp"


class Local:
    """A server that comes with us."""

    def __init__(self, session_id: str) -> None:
        self.session_id = session_id

    async def list_tools(self) -> tuple[ListedTool, ...]:
        return ()

    async def call_tool(self, name: str, arguments: Mapping[str, object]) -> str:
        return self.session_id

    async def close(self) -> None:
        pass


async def open_local(session_id: str) -> ToolServer:
    return Local(session_id)


def refusal(servers: SessionToolServers, **address: object) -> tuple[str, str | None]:
    with pytest.raises(ProtocolError) as refused:
        servers.check(ToolServerAddress(**address))  # type: ignore[arg-type]  # as a test says
    return refused.value.message, refused.value.param


async def test_our_own_servers_are_opened_by_their_label_for_a_session() -> None:
    async with open_tool_servers(ToolsSettings(), {"files": open_local}, {}) as servers:
        address = ToolServerAddress(label="files")
        servers.check(address)
        opened = await servers.open(address, "sess_1")

        assert await opened.call_tool("a", {}) == "sess_1"


async def test_those_that_are_not_switched_on_are_refused_with_how_to_do_it() -> None:
    async with open_tool_servers(ToolsSettings(), {}, {}) as servers:
        for label in ("files", "code"):
            message, param = refusal(servers, label=label)

            assert f"[tools.{label}]" in message
            assert param == "server_label"


async def test_their_labels_are_nobody_elses() -> None:
    async with open_tool_servers(ToolsSettings(), {"files": open_local}, {}) as servers:
        for label in ("files", "code"):
            assert refusal(servers, label=label, url=PUBLIC)[1] == "server_label"


async def test_our_own_servers_take_no_secrets() -> None:
    async with open_tool_servers(ToolsSettings(), {"files": open_local}, {}) as servers:
        assert refusal(servers, label="files", authorization="a")[1] == "authorization"
        assert refusal(servers, label="files", headers={"a": "b"})[1] == "headers"


async def test_a_label_without_an_address_is_one_of_the_operators_or_nobodys() -> None:
    one = NamedServerSettings(command=("server",))
    async with open_tool_servers(ToolsSettings(servers={"here": one}), {}, {}) as servers:
        servers.check(ToolServerAddress(label="here"))

        message, param = refusal(servers, label="there")
        assert "no tool server 'there'" in message
        assert param == "server_url"


async def test_the_operator_may_keep_clients_from_naming_servers() -> None:
    async with open_tool_servers(ToolsSettings(client_servers=False), {}, {}) as servers:
        message, param = refusal(servers, label="a", url=PUBLIC)

    assert "tools.client_servers" in message
    assert param == "server_url"


@pytest.mark.parametrize(
    ("label", "one", "path"),
    [
        ("a", NamedServerSettings(), "tools.servers.a"),
        ("a", NamedServerSettings(command=("x",), url=PUBLIC), "tools.servers.a"),
        ("code", NamedServerSettings(url=PUBLIC), "tools.servers.code"),
        ("a", NamedServerSettings(command=("x",), headers={"a": "b"}), "tools.servers.a"),
        ("a", NamedServerSettings(url=PUBLIC, environment=("PATH",)), "tools.servers.a"),
        ("a", NamedServerSettings(url="ftp://a.example"), "tools.servers.a.url"),
        ("a", NamedServerSettings(url="https://me:secret@a.example"), "tools.servers.a.url"),
        ("a", NamedServerSettings(url=PUBLIC, headers={"x y": "1"}), "tools.servers.a.headers"),
        ("a", NamedServerSettings(url=PUBLIC, headers={"x": "1\n2"}), "tools.servers.a.headers"),
        ("a", NamedServerSettings(url=PUBLIC, headers={"Host": "b"}), "tools.servers.a.headers"),
        (
            "a",
            NamedServerSettings(
                url=PUBLIC, headers={"Authorization": "b"}, authorization_env="PATH"
            ),
            "tools.servers.a.authorization_env",
        ),
        (
            "a",
            NamedServerSettings(url=PUBLIC, authorization_env="NOPE"),
            "tools.servers.a.authorization_env",
        ),
        (
            "a",
            NamedServerSettings(command=("x",), environment=("NOPE",)),
            "tools.servers.a.environment",
        ),
    ],
)
async def test_a_server_that_is_half_described_is_an_error_of_the_configuration(
    label: str, one: NamedServerSettings, path: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        async with open_tool_servers(ToolsSettings(servers={label: one}), {}, {"PATH": "/bin"}):
            pass

    assert refused.value.path == path
