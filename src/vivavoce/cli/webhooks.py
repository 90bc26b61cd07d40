"""`vivavoce webhooks`: what was delivered to webhook endpoints, and what was not."""

import asyncio
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from cyclopts import App
from rich.console import Console
from rich.table import Column, Table

from vivavoce.clock import Clock
from vivavoce.config import Loaded, load_config
from vivavoce.errors import ConfigError, EngineError
from vivavoce.store.database import connect
from vivavoce.store.tables import FILE_NAME, SCHEMAS
from vivavoce.store.webhooks import Delivery, find_delivery, list_deliveries

TABLE_WIDTH = 130
"""Columns; a narrower terminal wraps the lines rather than that ids are cut."""

app = App(name="webhooks", help="List webhook deliveries, and send them again.")


@app.command(name="list")
def show_all(*, limit: int = 50) -> None:
    """Show the newest deliveries, the newest first; they are kept for a week.

    Args:
        limit: How many at most.
    """
    with closing(connect(load_config().data_dir / FILE_NAME, SCHEMAS)) as connection:
        deliveries = list_deliveries(connection, limit=limit)
    fixed = [Column(title, no_wrap=True) for title in ("delivery", "event", "created (UTC)")]
    table = Table(*fixed, "state", Column("tries", justify="right"), "last answer", "endpoint")
    for one in deliveries:
        created = datetime.fromtimestamp(one.created_at, UTC).strftime("%Y-%m-%d %H:%M:%S")
        cells = (one.webhook_id, one.event_type, created, one.state, str(one.attempts))
        table.add_row(*cells, one.outcome, one.url)
    Console(width=max(Console().width, TABLE_WIDTH)).print(table)


@app.command
def show(webhook_id: str) -> None:
    """Print the event of a delivery, as it is sent.

    Args:
        webhook_id: Which; see `vivavoce webhooks list`.
    """
    _say(_found(load_config(), webhook_id).body.decode())


@app.command
def replay(webhook_id: str, *, config: Path | None = None) -> None:
    """Send a delivery once more, now, with the same id and a new signature.

    Args:
        webhook_id: Which; see `vivavoce webhooks list`.
        config: The server's TOML file, in which the endpoint stands.
    """
    loaded = load_config(config)
    _say(asyncio.run(_sent(loaded, _found(loaded, webhook_id))))


async def _sent(loaded: Loaded, delivery: Delivery) -> str:
    import aiohttp

    from vivavoce.assembly.webhook_endpoints import webhook_endpoints
    from vivavoce.runtime.webhook_endpoint import deliver_once

    endpoints = {endpoint.url: endpoint for endpoint in webhook_endpoints(loaded)}
    if delivery.url not in endpoints:
        raise ConfigError(f"there is no endpoint {delivery.url}", path="webhooks")
    async with aiohttp.ClientSession() as http:
        attempt = await deliver_once(
            http,
            endpoints[delivery.url],
            webhook_id=delivery.webhook_id,
            timestamp_s=Clock().wall(),
            body=delivery.body,
        )
    if not attempt.is_delivered:
        raise EngineError(f"{delivery.url}: {attempt.outcome}")
    return f"{delivery.url}: {attempt.outcome}"


def _found(loaded: Loaded, webhook_id: str) -> Delivery:
    with closing(connect(loaded.data_dir / FILE_NAME, SCHEMAS)) as connection:
        found = find_delivery(connection, webhook_id)
    if found is None:
        raise ConfigError(f"there is no delivery {webhook_id}")
    return found


def _say(text: str) -> None:
    Console(soft_wrap=True, highlight=False, markup=False).print(text)
