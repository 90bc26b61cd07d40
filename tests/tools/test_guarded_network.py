"""No request forgery: what a client names is checked where the connection really goes."""

import itertools
import ssl
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from aiohttp import web

from tests.tools.raw_servers import (
    PATIENT,
    RawServer,
    answers,
    connected,
    hangs,
    raw_server,
    responds,
    result,
    said,
)
from vivavoce.errors import ProtocolError, ToolError
from vivavoce.interfaces.tools import ToolServerAddress
from vivavoce.tls import self_signed, tls_context
from vivavoce.tools.guarded_network import AddressRefused, GuardedNetwork
from vivavoce.tools.network_policy import NetworkPolicy, make_policy
from vivavoce.tools.servers import open_tool_servers
from vivavoce.tools.settings import ToolsSettings

PUBLIC_ONLY = ToolsSettings(allow_http=True, connect_timeout_s=2)


def port(server: RawServer) -> str:
    return server.url.rsplit(":", 1)[1]


async def refused(url: str, *addresses: str, settings: ToolsSettings = PUBLIC_ONLY) -> ToolError:
    try:
        async with connected(url, settings, addresses={"mcp.example.com": addresses}):
            raise AssertionError
    except* ToolError as group:
        leaf = group.exceptions[0]
    assert isinstance(leaf, ToolError)
    return leaf


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", "10.0.0.1", "169.254.169.254", "::ffff:127.0.0.1", "0.0.0.0"]
)
async def test_a_name_that_leads_to_a_private_address_is_not_connected_to(address: str) -> None:
    async with raw_server() as server:
        failure = await refused(f"http://mcp.example.com:{port(server)}", address)

    assert "leads to an address that is not public" in failure.message
    assert address not in failure.message  # names of the inside are none of the client's business
    assert server.asked == []


@pytest.mark.parametrize("spelling", ["127.1", "2130706433", "0x7f000001", "localhost"])
async def test_other_spellings_of_loopback_are_seen_through(spelling: str) -> None:
    """They are no addresses but names, which the system's resolver then understands."""
    async with raw_server() as server, open_tool_servers(PUBLIC_ONLY, {}, {}) as servers:
        address = ToolServerAddress(label="a", url=f"http://{spelling}:{port(server)}")
        servers.check(address)
        with pytest.raises(ToolError, match=r"not public|there is no host"):
            await servers.open(address, "sess_1")

    assert server.asked == []


async def test_a_name_that_changes_its_address_is_checked_each_time() -> None:
    """DNS rebinding: the first answer is harmless, the second leads inside."""
    turn = itertools.count()

    async def rebinding(host: str, port: int) -> Sequence[str]:
        return ("93.184.216.34",) if next(turn) == 0 else ("127.0.0.1",)

    async with raw_server() as inside:
        network = GuardedNetwork(NetworkPolicy(), rebinding)
        assert await rebinding("mcp.example.com", 80) == ("93.184.216.34",)
        with pytest.raises(AddressRefused):
            await network.connect_tcp("mcp.example.com", int(port(inside).split("/")[0]), 2)

    assert inside.asked == []


async def test_of_several_addresses_only_allowed_ones_are_tried() -> None:
    settings = msgspec.structs.replace(PUBLIC_ONLY, allow_private_addresses=("127.0.0.1",))
    async with (
        raw_server(tools_call=answers(said("well"))) as server,
        connected(
            f"http://mcp.example.com:{port(server)}",
            settings,
            addresses={"mcp.example.com": ("10.255.255.1", "127.0.0.1")},
        ) as mcp,
    ):
        assert await mcp.call_tool("a", {}) == "well"


async def test_a_host_that_the_operator_names_may_be_anywhere() -> None:
    settings = msgspec.structs.replace(PUBLIC_ONLY, allow_private_addresses=("mcp.example.com",))
    async with (
        raw_server(tools_call=answers(said("well"))) as server,
        connected(
            f"http://mcp.example.com:{port(server)}",
            settings,
            addresses={"mcp.example.com": ("127.0.0.1",)},
        ) as mcp,
    ):
        assert await mcp.call_tool("a", {}) == "well"


async def test_our_own_address_is_not_reached_though_it_may_be_public() -> None:
    """What listens on a public address of this machine may be behind a firewall; we are not."""
    everything = NetworkPolicy(networks=make_policy(("127.0.0.0/8",), allows_http=True).networks)

    class Careless(NetworkPolicy):
        def allows_address(self, address: object) -> bool:
            return True

    async def look_up(host: str, port: int) -> Sequence[str]:
        return ("127.0.0.1",)

    async with raw_server() as server:
        target = int(port(server).split("/")[0])
        with pytest.raises(AddressRefused):
            await GuardedNetwork(Careless(), look_up).connect_tcp("mcp.example.com", target, 2)
        stream = await GuardedNetwork(everything, look_up).connect_tcp("mcp.example.com", target, 2)
        await stream.aclose()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_to_elsewhere_are_not_followed(status: int) -> None:
    async with raw_server() as inside:
        elsewhere = responds(status, Location=inside.url.replace("127.0.0.1", "localhost"))
        async with raw_server(tools_call=elsewhere) as server, connected(server.url) as mcp:
            with pytest.raises(ToolError, match="not followed") as failed:
                await mcp.call_tool(
                    "a",
                    {},
                )

    assert (failed.value.kind, failed.value.code) == ("http_error", status)
    assert inside.asked == []


async def test_a_redirect_on_the_same_server_is_followed() -> None:
    async def elsewhere(
        server: RawServer, request: web.Request, request_id: object
    ) -> web.Response:
        if request.path == "/mcp":
            return web.Response(status=307, headers={"Location": "/mcp/"})
        return web.json_response(result(request_id, said("well")))

    async with raw_server(tools_call=elsewhere) as server, connected(server.url) as mcp:
        assert await mcp.call_tool("a", {}) == "well"


async def test_the_older_transport_may_not_send_us_elsewhere_either() -> None:
    async with raw_server() as inside:

        async def misleading(
            server: RawServer, request: web.Request, request_id: object
        ) -> web.StreamResponse:
            response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
            await response.prepare(request)
            await response.write(f"event: endpoint\ndata: {inside.url}\n\n".encode())
            return await hangs(server, request, request_id)

        hasty = msgspec.structs.replace(PATIENT, connect_timeout_s=0.5)
        async with raw_server(
            GET=misleading, initialize=responds(405), server_discover=responds(405)
        ) as server:
            await refused(server.url, settings=hasty)

    assert inside.asked == []


async def test_secrets_go_to_the_server_and_not_along_a_redirect() -> None:
    seen: list[str | None] = []

    async def note(server: RawServer, request: web.Request, request_id: object) -> web.Response:
        seen.append(request.headers.get("Authorization"))
        return web.json_response(result(request_id, said("well")))

    async with (
        raw_server(tools_call=note) as server,
        connected(server.url, authorization="sesame") as mcp,
    ):
        await mcp.call_tool("a", {})

    assert seen == ["Bearer sesame"]


async def test_private_addresses_are_refused_when_they_are_named() -> None:
    async with open_tool_servers(PUBLIC_ONLY, {}, {}) as servers:
        with pytest.raises(ProtocolError) as failed:
            servers.check(ToolServerAddress(label="a", url="http://127.0.0.1:1/"))

    assert failed.value.param == "server_url"


async def test_a_certificate_is_for_the_name_though_the_address_is_connected_to(
    tmp_path: Path,
) -> None:
    certificate, key = self_signed(tmp_path, "mcp.example.com")
    trusting = ssl.create_default_context(cafile=str(certificate))
    addresses = {"mcp.example.com": ("127.0.0.1",), "other.example.com": ("127.0.0.1",)}
    async with raw_server(
        tls=tls_context(certificate, key), tools_call=answers(said("well"))
    ) as server:
        for host, tls, is_trusted in (
            ("mcp.example.com", trusting, True),
            ("other.example.com", trusting, False),
            ("mcp.example.com", ssl.create_default_context(), False),
        ):
            url = f"https://{host}:{port(server)}"
            try:
                async with connected(url, addresses=addresses, tls=tls) as mcp:
                    assert is_trusted
                    assert await mcp.call_tool("a", {}) == "well"
            except* ToolError as group:
                reason = str(group.exceptions[0])
                assert not is_trusted, reason
                assert "no connection" in reason
