"""Addresses that need a key."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from vivavoce.api.admission import AdmittedKey, admit_key
from vivavoce.api.auth import shown_key, wrong_key
from vivavoce.api.errors import error_response
from vivavoce.api.gateway import Gateway
from vivavoce.errors import ProtocolError

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
KeyedHandler = Callable[[web.Request, AdmittedKey], Awaitable[web.StreamResponse]]
"""Also told which key was shown."""


def with_any_key(gateway: Gateway, handler: KeyedHandler) -> Handler:
    """Return the handler behind a door that standard and ephemeral keys open."""

    async def keyed(request: web.Request) -> web.StreamResponse:
        shown, _ = shown_key(request)
        key = await admit_key(gateway, shown)
        if key is None:
            return _refuse(gateway, 401, wrong_key(shown))
        return await handler(request, key)

    return keyed


def with_standard_key(gateway: Gateway, handler: KeyedHandler) -> Handler:
    """Return the handler behind a door that the operator's own keys open, and no others."""

    async def keyed(request: web.Request, key: AdmittedKey) -> web.StreamResponse:
        if key.ephemeral is not None:
            return _refuse(gateway, 403, _only_sessions())
        return await handler(request, key)

    return with_any_key(gateway, keyed)


def _refuse(gateway: Gateway, status: int, error: ProtocolError) -> web.Response:
    gateway.metrics.refused.labels(error.code).inc()
    return error_response(status, error)


def _only_sessions() -> ProtocolError:
    return ProtocolError(
        "An ephemeral key starts sessions and nothing else; this address needs a standard key.",
        code="insufficient_permissions",
    )
