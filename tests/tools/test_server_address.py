import pytest

from vivavoce.errors import ProtocolError
from vivavoce.interfaces.tools import ToolServerAddress
from vivavoce.tools.network_policy import NetworkPolicy, make_policy
from vivavoce.tools.server_address import check_headers, check_server_url, request_headers

PUBLIC_ONLY = NetworkPolicy()


def refusal(url: str, policy: NetworkPolicy = PUBLIC_ONLY) -> str:
    with pytest.raises(ProtocolError) as refused:
        check_server_url(url, policy)
    assert refused.value.param == "server_url"
    return refused.value.message


@pytest.mark.parametrize(
    "url",
    [
        "https://mcp.example.com/mcp",
        "https://mcp.example.com:8443/a?key=b",
        "https://1.1.1.1/sse",
        "https://[2606:4700:4700::1111]/mcp",
    ],
)
def test_public_servers_are_taken(url: str) -> None:
    check_server_url(url, PUBLIC_ONLY)


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/mcp",
        "https://[::1]:8080/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::ffff:127.0.0.1]/",
        "https://[fe80::1%25eth0]/",
    ],
)
def test_private_addresses_are_refused_before_any_connection(url: str) -> None:
    assert "no public address" in refusal(url)


def test_the_operator_may_allow_a_private_address() -> None:
    check_server_url("https://10.0.0.1/", make_policy(("10.0.0.0/8",), allows_http=False))


def test_a_user_in_the_address_is_refused() -> None:
    assert "user or a password" in refusal("https://me:secret@mcp.example.com/")
    assert "secret" not in refusal("https://me:secret@mcp.example.com/")
    assert "user or a password" in refusal("https://good.example@evil.example/")


def test_plain_http_is_refused_unless_the_operator_allows_it() -> None:
    assert "https://" in refusal("http://mcp.example.com/")

    check_server_url("http://mcp.example.com/", NetworkPolicy(allows_http=True))


@pytest.mark.parametrize(
    "url",
    ["", "mcp.example.com", "/mcp", "https://", "https:///mcp", "https://a:99999/", "https://[::1"],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    refusal(url)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "gopher://a.example/", "ftp://a.example/"])
def test_only_http_is_spoken(url: str) -> None:
    refusal(url)


def headers(authorization: str | None = None, **extra: str) -> ToolServerAddress:
    named = {name.replace("_", "-"): value for name, value in extra.items()}
    return ToolServerAddress(label="a", url="x", authorization=authorization, headers=named)


def test_usual_headers_are_taken() -> None:
    check_headers(headers(X_Api_Key="abc", Authorization="Basic abc"))
    check_headers(headers("token", X_Api_Key="abc"))


@pytest.mark.parametrize(
    "name", ["Host", "content_length", "Transfer_Encoding", "Mcp_Session_Id", "Connection"]
)
def test_headers_of_the_connection_are_refused(name: str) -> None:
    with pytest.raises(ProtocolError, match="own to send"):
        check_headers(headers(**{name: "x"}))


def test_headers_that_would_begin_another_are_refused() -> None:
    with pytest.raises(ProtocolError, match="can't be sent"):
        check_headers(headers(X_A="a\r\nX-B: b"))
    with pytest.raises(ProtocolError, match="can't be sent"):
        check_headers(headers("token\r\nX-B: b"))
    with pytest.raises(ProtocolError, match="can't be sent"):
        check_headers(ToolServerAddress(label="a", url="x", headers={"X-A\n": "b"}))


def test_a_client_says_once_who_it_is() -> None:
    with pytest.raises(ProtocolError, match="not both") as refused:
        check_headers(_both())
    assert refused.value.param == "authorization"


def _both() -> ToolServerAddress:
    return ToolServerAddress(
        label="a", url="x", authorization="token", headers={"authorization": "Bearer other"}
    )


def test_the_token_is_sent_as_bearer() -> None:
    assert request_headers("token", {"X-A": "b"}) == {"X-A": "b", "Authorization": "Bearer token"}
    assert request_headers(None, {}) == {}
