"""Reads the address of a client's MCP server, and refuses what can't be reached from here.

Quick and without I/O: names are looked up, and checked again, when we connect.
"""

import re
from collections.abc import Mapping

from yarl import URL

from vivavoce.errors import ProtocolError
from vivavoce.interfaces.tools import ToolServerAddress
from vivavoce.tools.network_policy import NetworkPolicy, literal_address

MAX_URL_CHARACTERS = 2048
SERVER_URL = "server_url"
HEADERS = "headers"
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}")  # RFC 9110, section 5.6.2
HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]{0,8192}")
OUR_HEADERS = frozenset(
    {
        *("accept", "accept-encoding", "content-encoding", "content-length", "content-type"),
        *("connection", "expect", "host", "keep-alive", "te", "trailer", "transfer-encoding"),
        *("proxy-authorization", "proxy-connection", "upgrade", "last-event-id"),
        *("mcp-method", "mcp-name", "mcp-protocol-version", "mcp-session-id"),
    }
)
"""They belong to the connection and to the protocol; a client's would break or smuggle requests."""


def check_server_url(text: str, policy: NetworkPolicy) -> None:
    """Accept the URL of an MCP server.

    Raises:
        ProtocolError: it is none, or leads where sessions may not go.
    """
    try:
        url = URL(text)
        host = url.host
        port = url.port
    except ValueError:
        raise _refused(f"'{text[:200]}' is no URL.") from None
    if len(text) > MAX_URL_CHARACTERS or not host or port is None or not text.isprintable():
        raise _refused("This is no URL of a server, such as https://mcp.example.com/mcp.")
    if url.user is not None or url.password is not None or "@" in url.authority:
        raise _refused("A URL with a user or a password is not taken; use 'authorization'.")
    if url.scheme not in ("https", "http"):
        raise _refused("The URL of an MCP server begins with https://.")
    if url.scheme == "http" and not policy.allows_http:
        raise _refused(
            "The URL of an MCP server begins with https://; plain http:// is allowed only where "
            "the server's configuration says so (tools.allow_http)."
        )
    _check_host(host, policy)


def check_headers(address: ToolServerAddress) -> None:
    """Accept what a client wants to send along.

    Raises:
        ProtocolError: a header can't be sent, is ours to send, or says twice who is asking.
    """
    for name, value in address.headers.items():
        if HEADER_NAME.fullmatch(name) is None or HEADER_VALUE.fullmatch(value) is None:
            raise ProtocolError(f"The header '{name[:100]}' can't be sent.", param=HEADERS)
        if name.lower() in OUR_HEADERS:
            raise ProtocolError(
                f"The header '{name}' is the server's own to send.", param=f"{HEADERS}.{name}"
            )
    if address.authorization is None:
        return
    if "authorization" in {name.lower() for name in address.headers}:
        raise ProtocolError(
            "Give 'authorization' or an Authorization header, not both.", param="authorization"
        )
    if HEADER_VALUE.fullmatch(address.authorization) is None:
        raise ProtocolError("This token can't be sent in a header.", param="authorization")


def request_headers(authorization: str | None, headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of every request to a server, with its token."""
    if authorization is None:
        return dict(headers)
    return {**headers, "Authorization": f"Bearer {authorization}"}


def _check_host(host: str, policy: NetworkPolicy) -> None:
    if policy.allows_host(host):
        return
    address = literal_address(host)
    if address is not None and not policy.allows_address(address):
        raise _refused(
            f"'{host}' is no public address; the server's configuration would have to allow it "
            "(tools.allow_private_addresses)."
        )


def _refused(message: str) -> ProtocolError:
    return ProtocolError(message, param=SERVER_URL)
