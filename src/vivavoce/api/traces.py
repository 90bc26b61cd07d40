"""`GET /v1/traces` and `GET /v1/traces/{session_id}`: the traces of the key that asks."""

from collections.abc import Sequence
from functools import partial

from aiohttp import web
from msgspec import structs

from vivavoce.api.admission import AdmittedKey
from vivavoce.api.errors import error_response
from vivavoce.api.gateway import Gateway
from vivavoce.errors import ProtocolError
from vivavoce.records import Span, Trace
from vivavoce.store.traces import TraceSummary, list_traces, read_trace

DEFAULT_LIMIT, MAX_LIMIT = 20, 100


class TracesOfKey:
    """The handlers."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def list(self, request: web.Request, key: AdmittedKey) -> web.StreamResponse:
        """Answer with the newest traces, without their spans."""
        text = request.query.get("limit", str(DEFAULT_LIMIT))
        if not text.isdecimal() or not 1 <= int(text) <= MAX_LIMIT:
            message = f"Invalid value for 'limit': expected 1 to {MAX_LIMIT}."
            return error_response(400, ProtocolError(message, param="limit"))
        await self._gateway.accounts.write()
        name = self._gateway.accounts.of(key.key_id).name
        read = partial(list_traces, limit=int(text), key=name)
        return web.json_response(trace_list(await self._gateway.database.run(read)))

    async def one(self, request: web.Request, key: AdmittedKey) -> web.StreamResponse:
        """Answer with one trace and its spans."""
        session_id = request.match_info["session_id"]
        await self._gateway.accounts.write()
        name = self._gateway.accounts.of(key.key_id).name
        found = await self._gateway.database.run(
            partial(read_trace, session_id=session_id, key=name)
        )
        if found is None:
            message = f"There is no trace of a session '{session_id[:100]}'."
            return error_response(
                404, ProtocolError(message, code="trace_not_found", param="session_id")
            )
        return web.json_response(trace_with_spans(*found))


def trace_list(summaries: Sequence[TraceSummary]) -> dict[str, object]:
    """Return the body of the answer with many traces."""
    return {
        "object": "list",
        "data": [
            {
                "object": "trace",
                **structs.asdict(summary.trace),
                "ended_ms": summary.ended_ms,
                "n_spans": summary.n_spans,
                "n_failed": summary.n_failed,
            }
            for summary in summaries
        ],
    }


def trace_with_spans(trace: Trace, spans: Sequence[Span]) -> dict[str, object]:
    """Return the body of the answer with one trace."""
    listed = [structs.asdict(span) for span in spans]
    return {"object": "trace", **structs.asdict(trace), "spans": listed}
