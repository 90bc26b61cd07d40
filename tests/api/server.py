"""A server on a real port, with scripted engines."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count

import aiohttp
import msgspec
from aiohttp import web

from tests.runtime.fakes import Fakes
from vivavoce.api.adding import Adding
from vivavoce.api.auth import ApiKeys
from vivavoce.api.documents import Documents
from vivavoce.api.gateway import Gateway
from vivavoce.api.routes import make_app
from vivavoce.assembly.accounting import open_accounts
from vivavoce.clock import Clock
from vivavoce.config import Loaded
from vivavoce.config_tables import Config
from vivavoce.core.options import SessionOptions
from vivavoce.ids import seeded_ids
from vivavoce.runtime.background import Background
from vivavoce.runtime.directory import Directory
from vivavoce.runtime.metrics import Metrics
from vivavoce.runtime.prepared_room import PreparedRoom
from vivavoce.runtime.recorder import Recordings
from vivavoce.runtime.settings import RunnerSettings
from vivavoce.store.database import IN_MEMORY, open_database
from vivavoce.store.tables import SCHEMAS

Event = dict[str, object]


@dataclass
class Served:
    """A running server and a client's HTTP session."""

    url: str
    gateway: Gateway
    fakes: Fakes
    http: aiohttp.ClientSession

    @asynccontextmanager
    async def socket(
        self,
        query: str = "model=gpt-realtime",
        *,
        headers: dict[str, str] | None = None,
        protocols: tuple[str, ...] = (),
        autoping: bool = True,
    ) -> AsyncIterator["Socket"]:
        """Open a WebSocket for a session."""
        async with self.http.ws_connect(
            f"{self.url}/v1/realtime?{query}",
            headers=headers,
            protocols=protocols,
            max_msg_size=0,
            autoping=autoping,
        ) as connection:
            yield Socket(connection)


@dataclass
class Socket:
    """A client's end that speaks in events."""

    connection: aiohttp.ClientWebSocketResponse

    async def send(self, event: Event) -> None:
        await self.connection.send_str(msgspec.json.encode(event).decode())

    async def receive(self) -> Event:
        message = await self.connection.receive()
        assert message.type is aiohttp.WSMsgType.TEXT, message
        event: Event = msgspec.json.decode(message.data)
        return event

    async def received(self, kind: str) -> Event:
        """Wait for the next event of a type; those before it are skipped."""
        while (event := await self.receive())["type"] != kind:
            pass
        return event

    async def closed(self) -> tuple[int | None, str]:
        """Wait for the server to close; return code and reason."""
        while True:
            message = await self.connection.receive()
            if message.type is aiohttp.WSMsgType.CLOSE:
                return message.data, message.extra or ""
            if message.type is not aiohttp.WSMsgType.TEXT:
                return self.connection.close_code, ""


@asynccontextmanager
async def served(
    *,
    fakes: Fakes | None = None,
    keys: tuple[str, ...] = (),
    max_sessions: int = 100,
    settings: RunnerSettings | None = None,
    is_ready: bool = True,
    recordings: Recordings | None = None,
    config: Config | None = None,
    key_names: dict[str, str] | None = None,
    documents: Documents | None = None,
) -> AsyncIterator[Served]:
    """Serve on a free port of this machine while the block runs.

    Of `config` only limits and tracing are used; `key_names` by key.
    """
    fakes = fakes or Fakes()
    loaded = Loaded(config or Config(), api_keys=keys, key_names=key_names or {})
    async with (
        open_database(IN_MEMORY, SCHEMAS) as database,
        open_accounts(loaded, Clock(), database) as accounts,
        Background() as background,
    ):
        gateway = Gateway(
            clock=Clock(),
            new_id=seeded_ids(1_000_000),  # no session's seed: those are counted
            database=database,
            accounts=accounts,
            new_seed=count().__next__,
            options=SessionOptions(),
            settings=settings or RunnerSettings(),
            directory=Directory(max_sessions),
            background=background,
            prepared_room=PreparedRoom(2),
            metrics=Metrics(),
            engines=fakes.engines() if is_ready else None,
            keys=ApiKeys(keys),
            recordings=recordings,
            drain_timeout_s=0.1,
            documents=documents,
            adding=None if documents is None else Adding(documents),
        )
        if gateway.adding is not None:
            background.start(gateway.adding.run(), "adding documents")
        runner = web.AppRunner(make_app(gateway), access_log=None, shutdown_timeout=5)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        try:
            async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
                yield Served(f"http://{host}:{port}", gateway, fakes, http)
        finally:
            await runner.cleanup()
