"""`GET /v1/usage`: what the key that asks has used."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial

from aiohttp import web
from msgspec import structs

from vivavoce.api.admission import AdmittedKey
from vivavoce.api.errors import error_response
from vivavoce.api.gateway import Gateway
from vivavoce.errors import ProtocolError
from vivavoce.records import UsageRecord
from vivavoce.store.usage import read_usage

DEFAULT_DAYS = 30
DIGITS = 3  # of seconds


class UsageOfKey:
    """The handler; days are UTC, `since` and `until` are both included."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def __call__(self, request: web.Request, key: AdmittedKey) -> web.StreamResponse:
        """Answer with one entry for each day and model."""
        today = datetime.fromtimestamp(self._gateway.clock.wall(), UTC).date()
        try:
            until = _day(request, "until", today)
            since = _day(request, "since", until - timedelta(days=DEFAULT_DAYS - 1))
        except ProtocolError as error:
            return error_response(400, error)
        await self._gateway.accounts.write()
        read = partial(
            read_usage,
            since=since.isoformat(),
            until=until.isoformat(),
            key=self._gateway.accounts.of(key.key_id).name,
        )
        return web.json_response(usage_list(await self._gateway.database.run(read)))


def usage_list(records: Sequence[UsageRecord]) -> dict[str, object]:
    """Return the body of the answer."""
    return {"object": "list", "data": [_entry(record) for record in records]}


def _entry(record: UsageRecord) -> dict[str, object]:
    counts = {
        name: round(value, DIGITS) if isinstance(value, float) else value
        for name, value in structs.asdict(record.usage).items()
    }
    return {"object": "usage", **structs.asdict(record.place), **counts}


def _day(request: web.Request, name: str, default: date) -> date:
    text = request.query.get(name)
    if text is None:
        return default
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ProtocolError(
            f"Invalid value for '{name}': expected a day such as 2026-01-31.", param=name
        ) from error
