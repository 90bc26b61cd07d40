"""Which web pages may talk to the server.

Without keys, whatever can reach the server may use it, and a browser lets any page on the web
reach a server of its user's machine. So pages from elsewhere are refused, and so are names that
were made to point here (DNS rebinding). With keys, origins are free: pages do not know the key.
"""

from ipaddress import ip_address
from urllib.parse import urlsplit

from aiohttp import web

from vivavoce.errors import ProtocolError


def check_origin(request: web.Request) -> None:
    """Accept a request to a server without keys, or refuse it.

    Raises:
        ProtocolError: it names a host, or comes from a page, that is not of this machine.
    """
    host = request.headers.get("Host")
    if host is not None and not _is_safe_host(_hostname(host)):
        raise ProtocolError(
            "Without an API key configured, the server answers only to localhost or to its IP "
            "address, not to other names. Configure a key to use this one.",
            code="host_not_allowed",
        )
    origin = request.headers.get("Origin")
    if origin is None:
        return
    origin_host = urlsplit(origin).netloc
    if not _is_loopback(_hostname(origin_host)) and origin_host != host:
        raise ProtocolError(
            "Without an API key configured, pages from other hosts may not use the server.",
            code="origin_not_allowed",
        )


def _hostname(netloc: str) -> str:
    """Return the name or address without port and brackets; empty if there is none."""
    try:
        return urlsplit(f"//{netloc}").hostname or ""
    except ValueError:
        return ""


def _is_loopback(hostname: str) -> bool:
    if hostname == "localhost" or hostname.endswith(".localhost"):
        return True
    try:
        return ip_address(hostname).is_loopback
    except ValueError:
        return False


def _is_safe_host(hostname: str) -> bool:
    """An address cannot be made to point elsewhere; a name can, but for `localhost`."""
    if _is_loopback(hostname):
        return True
    try:
        ip_address(hostname)
    except ValueError:
        return False
    return True
