"""The MCP servers that the operator set up, made ready from the configuration."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from yarl import URL

from vivavoce.errors import ConfigError, ProtocolError
from vivavoce.interfaces.tools import ToolServerAddress
from vivavoce.tools.network_policy import NetworkPolicy
from vivavoce.tools.server_address import check_headers, request_headers
from vivavoce.tools.settings import NamedServerSettings, ToolsSettings

USUAL_VARIABLES = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR")
"""What programs need to find themselves; none of them is a secret."""
OWN_LABELS = ("files", "code")
"""Of the tool servers that come with us; nobody else's server can be called so."""


@dataclass(frozen=True)
class NamedServer:
    """A server of the operator: a program, or an address with what is sent there."""

    command: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    url: str | None
    headers: Mapping[str, str] = field(repr=False)
    policy: NetworkPolicy
    """Allows the server's own host, wherever it is: the operator chose it."""


def named_servers(
    settings: ToolsSettings, environment: Mapping[str, str]
) -> dict[str, NamedServer]:
    """Return the operator's servers by label.

    Raises:
        ConfigError: a server has no place or two, a header that can't be sent, or an environment
            variable that is not set.
    """
    return {
        label: _named(f"tools.servers.{label}", label, one, environment)
        for label, one in settings.servers.items()
    }


def _named(
    path: str, label: str, one: NamedServerSettings, environment: Mapping[str, str]
) -> NamedServer:
    if label in OWN_LABELS:
        raise ConfigError("this label belongs to a tool server that comes with us", path=path)
    if bool(one.command) == (one.url is not None):
        raise ConfigError("a tool server has a 'command' or a 'url'", path=path)
    if one.url is None and (one.authorization_env is not None or one.headers):
        raise ConfigError("headers and tokens are for a 'url'", path=path)
    if one.url is not None and one.environment:
        raise ConfigError("an environment is for a 'command'", path=path)
    token = None
    if one.authorization_env is not None:
        token = _variable(one.authorization_env, environment, f"{path}.authorization_env")
    _check_headers(label, one, token, path)
    shown = [name for name in USUAL_VARIABLES if name in environment]
    passed = {name: environment[name] for name in shown} | {
        name: _variable(name, environment, f"{path}.environment") for name in one.environment
    }
    return NamedServer(
        one.command, passed, one.url, request_headers(token, one.headers), _policy(one, path)
    )


def _check_headers(label: str, one: NamedServerSettings, token: str | None, path: str) -> None:
    asked = ToolServerAddress(label=label, url=one.url, authorization=token, headers=one.headers)
    try:
        check_headers(asked)
    except ProtocolError as error:
        setting = "authorization_env" if error.param == "authorization" else "headers"
        raise ConfigError(error.message, path=f"{path}.{setting}") from error


def _policy(one: NamedServerSettings, path: str) -> NetworkPolicy:
    if one.url is None:
        return NetworkPolicy()
    try:
        url = URL(one.url)
    except ValueError as error:
        raise ConfigError("this is no URL", path=f"{path}.url") from error
    if url.scheme not in ("http", "https") or not url.host or url.user is not None:
        raise ConfigError(
            "a URL begins with https:// or http:// and has no user in it", path=f"{path}.url"
        )
    return NetworkPolicy(hosts=frozenset((url.host.lower(),)), allows_http=True)


def _variable(name: str, environment: Mapping[str, str], path: str) -> str:
    value = environment.get(name)
    if not value:
        raise ConfigError(f"there is no {name} in the environment", path=path)
    return value
