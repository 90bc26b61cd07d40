"""What the engines behind HTTP addresses share: where they are, how to ask, how to fail.

One `ClientSession` for each engine, for as long as the engine is open. Whatever goes wrong out
there becomes an `EngineError` with a sentence for the operator, in which no secret appears.
"""

import asyncio
import io
import re
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Annotated, TypeVar

import aiohttp
import msgspec
from msgspec import Meta, Struct
from yarl import URL

from vivavoce.engines.strict_settings import parse_settings
from vivavoce.errors import ConfigError, EngineError

T = TypeVar("T")

KEEP_ALIVE_S = 60.0
"""A pause between two turns; a new TLS connection would cost the next answer 100 ms and more."""
HEARTBEAT_S = 20.0
"""Between pings of a WebSocket: routers forget connections that are silent for a minute."""
GOODBYE_S = 1.0
"""For the other end of a WebSocket to agree to its close."""
END_S = 0.1
"""For the end of a response whose last event has come; it is in the same packet or the next."""
MAX_ERROR_BYTES = 4096
MAX_REASON_CHARACTERS = 300
MAX_LINE_BYTES = 1 << 20
"""Of an event stream: no delta is nearly as long, and something must bound the buffer."""
SHORTEST_SECRET = 6
"""Shorter values of headers are no secrets; to blank them would blank ordinary words."""


class Endpoint(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where an OpenAI-compatible server is, and what it wants with each request."""

    base_url: str
    """Up to and with `/v1`."""
    model: str
    api_key: str | None = None
    api_key_file: str | None = None
    """Read once, at the start."""
    timeout_s: Annotated[float, Meta(gt=0)] = 30.0
    """Longest wait for a connection, and from one piece of an answer to the next."""
    headers: Mapping[str, str] = {}
    extra_body: Mapping[str, object] = {}
    """Fields added to the body of each request, over our own."""


def parse_endpoint(settings: Mapping[str, object], kind: type[T]) -> tuple[Endpoint, T]:
    """Share settings out between the endpoint and what the engine itself knows.

    Raises:
        ConfigError: a key is unknown or missing, or its value can't be used.
    """
    ours = {name: settings[name] for name in Endpoint.__struct_fields__ if name in settings}
    rest = {name: value for name, value in settings.items() if name not in ours}
    own = parse_settings(rest, kind)
    endpoint = parse_settings(ours, Endpoint)
    if URL(endpoint.base_url).scheme not in ("http", "https"):
        raise ConfigError("an address begins with http:// or https://", path="base_url")
    if endpoint.api_key is not None and endpoint.api_key_file is not None:
        raise ConfigError("give the key itself or a file, not both", path="api_key_file")
    return endpoint, own


@asynccontextmanager
async def open_client(endpoint: Endpoint, role: str) -> AsyncGenerator["HttpClient", None]:
    """Open the connection pool of one engine.

    Args:
        endpoint: the server.
        role: what messages call it, such as "transcription server".

    Raises:
        ConfigError: the file of the key can't be read.
    """
    api_key = _read_key(endpoint)
    headers = dict(endpoint.headers)
    if api_key:
        headers.setdefault("Authorization", f"Bearer {api_key}")
    session = aiohttp.ClientSession(
        headers=headers,
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_S),
        timeout=aiohttp.ClientTimeout(
            total=None, connect=endpoint.timeout_s, sock_read=endpoint.timeout_s
        ),
    )
    async with session:
        yield HttpClient(session, endpoint, role, _secrets(headers, api_key, endpoint.base_url))


class HttpClient:
    """Asks one server; shared by all sessions."""

    def __init__(
        self, session: aiohttp.ClientSession, endpoint: Endpoint, role: str, secrets: list[str]
    ) -> None:
        self._session = session
        self._endpoint = endpoint
        self._secrets = secrets
        self._name = f"The {role} at {_shown(URL(endpoint.base_url))}"

    @asynccontextmanager
    async def post_json(
        self, path: str, body: Mapping[str, object]
    ) -> AsyncGenerator[aiohttp.ClientResponse, None]:
        """Send a JSON body; leaving closes the response, even in its middle.

        Raises:
            EngineError: no answer, a bad one, or anything that happens while it is read.
        """
        content = msgspec.json.encode({**body, **self._endpoint.extra_body})
        headers = {"Content-Type": "application/json"}
        async with self._post(path, lambda: io.BytesIO(content), headers) as response:
            yield response

    @asynccontextmanager
    async def post_form(
        self, path: str, fill: Callable[[aiohttp.FormData], None]
    ) -> AsyncGenerator[aiohttp.ClientResponse, None]:
        """Send a multipart form; otherwise as `post_json`."""

        def form() -> aiohttp.FormData:
            data = aiohttp.FormData()
            fill(data)
            for name, value in self._endpoint.extra_body.items():
                data.add_field(name, value if isinstance(value, str) else _json_text(value))
            return data

        async with self._post(path, form, {}) as response:
            yield response

    async def open_socket(
        self, path: str, query: Mapping[str, str], *, max_message_bytes: int
    ) -> aiohttp.ClientWebSocketResponse:
        """Open a WebSocket; the caller closes it.

        Raises:
            EngineError: no answer, or no WebSocket.
        """
        url = URL(self._endpoint.base_url.rstrip("/") + path).update_query(query)
        async with self._failures():
            try:
                return await self._session.ws_connect(
                    url,
                    heartbeat=HEARTBEAT_S,
                    max_msg_size=max_message_bytes,
                    timeout=aiohttp.ClientWSTimeout(ws_close=GOODBYE_S),
                )
            except aiohttp.WSServerHandshakeError as error:
                raise self.error(f"answered {error.status} in place of a WebSocket.") from error

    def error(self, what: str) -> EngineError:
        """Make an error that says which server it is about, without secrets."""
        for secret in self._secrets:
            what = what.replace(secret, "***")
        return EngineError(f"{self._name} {what}")

    @asynccontextmanager
    async def _post(
        self,
        path: str,
        body: Callable[[], io.BytesIO | aiohttp.FormData],
        headers: Mapping[str, str],
    ) -> AsyncGenerator[aiohttp.ClientResponse, None]:
        response: aiohttp.ClientResponse | None = None
        try:
            async with self._failures():
                response = await self._ask(path, body, headers)
                if response.status != 200:
                    raise self.error(await _refusal(response))
                yield response
        finally:
            if response is not None:
                response.close()

    @asynccontextmanager
    async def _failures(self) -> AsyncGenerator[None, None]:
        """Say what went wrong out there in an `EngineError`."""
        try:
            yield
        except TimeoutError as error:
            seconds = f"{self._endpoint.timeout_s:g} s"
            raise self.error(f"said nothing for {seconds}.") from error
        except aiohttp.ClientConnectorError as error:
            raise self.error(f"can't be reached: {error.strerror or error}.") from error
        except (aiohttp.ClientError, OSError) as error:
            raise self.error(
                f"broke off: {_reason(str(error) or type(error).__name__)}."
            ) from error

    async def _ask(
        self,
        path: str,
        body: Callable[[], io.BytesIO | aiohttp.FormData],
        headers: Mapping[str, str],
    ) -> aiohttp.ClientResponse:
        url = self._endpoint.base_url.rstrip("/") + path

        async def ask() -> aiohttp.ClientResponse:
            return await self._session.post(
                url, data=body(), headers=headers, allow_redirects=False
            )

        try:
            return await ask()
        except aiohttp.ClientConnectorError:
            raise
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
            # Most likely the server closed an idle connection just as we took it.
            return await ask()


async def event_data(
    response: aiohttp.ClientResponse, client: HttpClient
) -> AsyncGenerator[bytes, None]:
    """Yield the `data` of each server-sent event, one line each, as the APIs send them.

    Raises:
        EngineError: a line has no end.
    """
    rest = b""
    async for piece in response.content.iter_any():
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            if line.startswith(b"data:"):
                yield line[5:].strip()
        if len(rest) > MAX_LINE_BYTES:
            raise client.error("sent an endless line.")
    if rest.startswith(b"data:"):
        yield rest[5:].strip()


async def read_to_end(response: aiohttp.ClientResponse) -> None:
    """Read the little that may follow the last event: a connection read to its end is kept."""
    with suppress(TimeoutError):
        async with asyncio.timeout(END_S):
            await response.read()


def decoded(data: bytes, kind: type[T], client: HttpClient) -> T:
    """Read JSON.

    Raises:
        EngineError: it is not JSON, or not of that kind.
    """
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        shown = _reason(data[:MAX_REASON_CHARACTERS].decode("utf-8", "replace"))
        raise client.error(f"sent what can't be understood: {shown!r}.") from error


class _ErrorBody(Struct, frozen=True):
    """The bodies of errors as the various servers write them."""

    error: object = None
    detail: object = None
    message: object = None


def error_text(error: object) -> str:
    """Return the sentence in an `error` field: a text, or a table with a `message`."""
    if isinstance(error, dict) and isinstance(error.get("message"), str):
        return _reason(error["message"])
    return _reason(error if isinstance(error, str) else _json_text(error))


async def _refusal(response: aiohttp.ClientResponse) -> str:
    status = f"answered {response.status} {response.reason or ''}".rstrip()
    data = await response.content.read(MAX_ERROR_BYTES)
    try:
        body = msgspec.json.decode(data, type=_ErrorBody)
        found = body.error or body.detail or body.message
        reason = error_text(found) if found else ""
    except (msgspec.DecodeError, UnicodeDecodeError):
        is_page = "html" in response.content_type
        reason = "" if is_page else _reason(data.decode("utf-8", "replace"))
    return f"{status}: {reason}" if reason else f"{status}."


def _reason(text: str) -> str:
    """Make one line of moderate length."""
    line = re.sub(r"\s+", " ", text).strip().rstrip(".")
    return line if len(line) <= MAX_REASON_CHARACTERS else f"{line[:MAX_REASON_CHARACTERS]}..."


def _json_text(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _read_key(endpoint: Endpoint) -> str | None:
    if endpoint.api_key_file is None:
        return endpoint.api_key
    try:
        return Path(endpoint.api_key_file).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the key: {error}", path="api_key_file") from error


def _secrets(headers: Mapping[str, str], api_key: str | None, base_url: str) -> list[str]:
    """All that must not appear in a message, the longest first."""
    url = URL(base_url)
    values = [*headers.values(), api_key or "", url.password or "", *url.query.values()]
    return sorted({value for value in values if len(value) >= SHORTEST_SECRET}, key=len)[::-1]


def _shown(url: URL) -> str:
    return str(url.with_user(None).with_query(None))
