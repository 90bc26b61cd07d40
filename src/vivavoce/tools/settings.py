"""The `[tools]` tables of the configuration: servers of tools, and what sessions may reach."""

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from vivavoce.tools.code.settings import CodeSettings
from vivavoce.tools.files.settings import FilesSettings

Seconds = Annotated[float, Meta(gt=0)]


class NamedServerSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An MCP server that the operator set up: a program or an address."""

    command: tuple[str, ...] = ()
    """Program and arguments, spoken to over standard input and output; one process a session."""
    environment: tuple[str, ...] = ()
    """Names of environment variables that the program gets, besides the usual ones such as `PATH`.
    It sees no others."""
    url: str | None = None
    """Address of a server, instead of `command`; it may be private, and plain HTTP."""
    authorization_env: str | None = None
    """Environment variable with the token that is sent to `url` as `Bearer`."""
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)
    """Sent with every request to `url`."""


class ToolsSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Tools that the server runs on behalf of sessions."""

    servers: Mapping[str, NamedServerSettings] = msgspec.field(default_factory=dict)
    """Tables `[tools.servers.NAME]`: MCP servers that clients may use by the label NAME, without
    an address. `command` or `url`, with `environment`, `authorization_env`, `headers`."""
    files: FilesSettings = FilesSettings()
    """Table `[tools.files]`: documents, and the tool server `files` that searches them."""
    client_servers: bool = True
    """Clients may name MCP servers of their own by `server_url`."""
    allow_private_addresses: tuple[str, ...] = ()
    """Hosts, addresses and networks (`10.0.0.0/8`) that a client's `server_url` may lead to,
    besides public ones."""
    allow_http: bool = False
    """A client's `server_url` may be `http://`, without encryption."""
    connect_timeout_s: Seconds = 10.0
    """Longest wait until an MCP server has agreed to talk."""
    list_timeout_s: Seconds = 20.0
    """Longest wait for the list of its tools."""
    call_timeout_s: Seconds = 60.0
    """Longest wait for the output of a tool."""
    max_output_characters: Annotated[int, Meta(ge=100)] = 20_000
    """Of a tool's output; the model is told what was cut off."""
    continue_after_call: bool = False
    """The session itself begins the next response when the server's tools have brought what they
    were called for; for clients that do not ask for it by `response.create`, as the protocol wants.
    Calls answered by `[telephone.answer]` have a setting of their own."""
    continue_rounds: Annotated[int, Meta(ge=1, le=100)] = 4
    """Such responses in a row that may call tools again; then one more that may not."""
    code: CodeSettings = CodeSettings()
    """Table `[tools.code]`: Python for the model, in a sandbox."""
