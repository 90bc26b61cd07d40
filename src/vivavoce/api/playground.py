"""The playground: a page on which one can talk to the server, and what that page asks of it.

The page is public and holds no secret. Where keys are configured, all it shows of the server and
of its recordings needs one.
"""

import asyncio
from functools import cache, partial
from importlib import resources

from aiohttp import web

from vivavoce import __version__
from vivavoce.api.admission import AdmittedKey
from vivavoce.api.auth import shown_key
from vivavoce.api.errors import error_response, json_response
from vivavoce.api.gateway import Gateway
from vivavoce.api.keyed import Handler, with_standard_key
from vivavoce.errors import ProtocolError
from vivavoce.runtime.recorded import find_recorded, list_recorded

KINDS = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
"""Other files of the page's folder are not served."""
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self' data: blob:; media-src 'self' blob:; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "Permissions-Policy": "microphone=(self)",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
"""Nothing comes from elsewhere and nothing goes elsewhere, whatever a page or a model says."""
NOT_KEPT = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def playground_routes(gateway: Gateway) -> list[web.RouteDef]:
    """Return the page's addresses."""
    recordings = _Recordings(gateway)
    return [
        web.get("/", partial(_file, "index.html")),
        *(
            web.get(f"/playground/{path}", partial(_file, path))
            for path in _files()
            if path != "index.html"
        ),
        web.get("/playground/setup", _setup(gateway)),
        web.get("/playground/recordings", with_standard_key(gateway, recordings.list)),
        web.get("/playground/recordings/{name}", with_standard_key(gateway, recordings.one)),
    ]


@cache
def _files() -> dict[str, tuple[bytes, str]]:
    """Return all files of the page: by path, what is in them and their type."""
    root = resources.files("vivavoce") / "playground"
    found: dict[str, tuple[bytes, str]] = {}
    folders = [(root, "")]
    while folders:
        folder, prefix = folders.pop()
        for entry in folder.iterdir():
            path = f"{prefix}{entry.name}"
            kind = KINDS.get(f".{entry.name.rpartition('.')[2]}")
            if entry.is_dir():
                folders.append((entry, f"{path}/"))
            elif kind is not None:
                found[path] = (entry.read_bytes(), kind)
    return found


async def _file(path: str, request: web.Request) -> web.StreamResponse:
    body, kind = _files()[path]
    return web.Response(body=body, content_type=kind, charset="utf-8", headers=HEADERS)


def _setup(gateway: Gateway) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        """Say whether a key is needed; to whoever may come in, also what there is to choose."""
        shown, _ = shown_key(request)
        if gateway.keys and shown is None:
            return json_response({"needs_key": True}, headers=NOT_KEPT)
        return await with_standard_key(gateway, partial(_describe, gateway))(request)

    return handler


async def _describe(gateway: Gateway, request: web.Request, key: AdmittedKey) -> web.StreamResponse:
    options = gateway.options
    described = {
        "needs_key": bool(gateway.keys),
        "is_ready": gateway.engines is not None,
        "version": __version__,
        "profile": gateway.profile,
        "models": gateway.model_names,
        "default_model": gateway.default_model,
        "voices": options.voices,
        "default_voice": options.default_voice,
        "instructions": options.instructions,
        "silence_duration_ms": options.silence_duration_ms,
        "records": gateway.records,
        "tool_labels": gateway.tool_labels,
        "continues_after_call": options.continue_after_call,
    }
    return json_response(described, headers=NOT_KEPT)


class _Recordings:
    """Recordings, of the key that asks; of everybody where no keys are configured."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def list(self, request: web.Request, key: AdmittedKey) -> web.StreamResponse:
        """Answer with what was recorded, the newest first."""
        folder = self._gateway.recordings_dir
        found = (
            []
            if folder is None
            else await asyncio.to_thread(list_recorded, folder, self._owner(key))
        )
        return json_response({"object": "list", "data": found}, headers=NOT_KEPT)

    async def one(self, request: web.Request, key: AdmittedKey) -> web.StreamResponse:
        """Answer with the lines of one recording, as `runtime.recording` writes them."""
        name, folder = request.match_info["name"], self._gateway.recordings_dir
        path = (
            None
            if folder is None
            else await asyncio.to_thread(find_recorded, folder, name, self._owner(key))
        )
        if path is None:
            message = f"There is no recording '{name[:100]}'."
            return error_response(
                404, ProtocolError(message, code="recording_not_found", param="name")
            )
        return web.FileResponse(path, headers={**NOT_KEPT, "Content-Type": "application/x-ndjson"})

    def _owner(self, key: AdmittedKey) -> str | None:
        return key.key_id if self._gateway.keys else None
