"""Errors as JSON bodies (10-transports-auth, section 9)."""

from collections.abc import Mapping

import msgspec
from aiohttp import web
from msgspec import Struct

from vivavoce.errors import ProtocolError


class ErrorBody(Struct, frozen=True, kw_only=True):
    """What went wrong."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorAnswer(Struct, frozen=True, kw_only=True):
    """The whole body."""

    error: ErrorBody


def error_response(
    status: int, error: ProtocolError, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Return an error as an HTTP answer."""
    body = ErrorBody(message=error.message, type=error.kind, param=error.param, code=error.code)
    return json_response(ErrorAnswer(error=body), status=status, headers=headers)


def json_response(
    body: Struct | Mapping[str, object],
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """Return a struct, or what one would be, as an HTTP answer."""
    return web.Response(
        body=msgspec.json.encode(body),
        status=status,
        headers=headers,
        content_type="application/json",
    )


def http_error(exception: web.HTTPException, method: str, path: str) -> web.Response:
    """Say in the protocol's form what the web server refused by itself, such as a wrong path."""
    match exception.status:
        case 404:
            message = f"Invalid URL ({method} {path})"
        case 405:
            message = f"Not allowed to {method} on {path}."
        case _:
            message = exception.reason
    allowed = {"Allow": exception.headers["Allow"]} if "Allow" in exception.headers else None
    return error_response(exception.status, ProtocolError(message, code=None), allowed)
