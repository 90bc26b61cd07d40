"""The table of addresses."""

import logging
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Middleware

from vivavoce.api.admission import AdmittedKey
from vivavoce.api.beta_client_secrets import BetaClientSecrets
from vivavoce.api.call_control import CallControl
from vivavoce.api.calls import CALLS, Calls
from vivavoce.api.client_secrets import ClientSecrets
from vivavoce.api.dialling import calling_or
from vivavoce.api.document_routes import document_routes
from vivavoce.api.errors import error_response, http_error, json_response
from vivavoce.api.gateway import Gateway
from vivavoce.api.keyed import Handler, KeyedHandler, with_any_key, with_standard_key
from vivavoce.api.models import list_models
from vivavoce.api.origins import check_origin
from vivavoce.api.playground import playground_routes
from vivavoce.api.prompts import Prompts
from vivavoce.api.realtime import Realtime
from vivavoce.api.traces import TracesOfKey
from vivavoce.api.translation_secrets import TranslationSecrets
from vivavoce.api.translations import Translations
from vivavoce.api.usage import UsageOfKey
from vivavoce.errors import ProtocolError, TransportClosed

CORS_METHODS = "POST, GET, DELETE, OPTIONS"
CORS_EXPOSED = "Location, x-request-id"
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def make_app(gateway: Gateway) -> web.Application:
    """Return the web application; more routes may be added to it.

    Whoever runs it must leave aiohttp's access log off, or without queries: they may hold keys.
    When it is shut down, sessions are ended as `Directory.drain` says.
    """
    # It warns of subprotocols it does not know by printing them, and one of them is the key.
    logging.getLogger("aiohttp.websocket").setLevel(logging.ERROR)
    app = web.Application(middlewares=[_answer_in_json, _guard(gateway)])
    app.add_routes(
        [
            web.get("/v1/realtime", Realtime(gateway).__call__, allow_head=False),
            web.get("/v1/realtime/translations", Translations(gateway).__call__, allow_head=False),
            *_calls(gateway),
            *_minting(gateway),
            *_prompts(gateway),
            *document_routes(gateway),
            web.get("/v1/models", with_any_key(gateway, _models(gateway))),
            web.get("/v1/models/{model}", with_any_key(gateway, _model(gateway))),
            *_accounts(gateway),
            *playground_routes(gateway),
            web.get("/metrics", with_standard_key(gateway, _metrics(gateway))),
            web.get("/healthz", _healthz),
            web.get("/readyz", _readyz(gateway)),
        ]
    )
    app.on_response_prepare.append(_sign(gateway))

    async def drain(app: web.Application) -> None:
        await gateway.directory.drain(gateway.drain_timeout_s)

    app.on_shutdown.append(drain)
    return app


# --- around every request ---------------------------------------------------------------------


@web.middleware
async def _answer_in_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException as exception:
        if exception.status < 400:
            raise
        return http_error(exception, request.method, request.path)
    except (TransportClosed, ConnectionError):
        # Gone in the middle of its handshake or its upload: nobody reads the answer.
        return web.Response(status=400)


def _guard(gateway: Gateway) -> Middleware:
    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not gateway.keys:
            try:
                check_origin(request)
            except ProtocolError as error:
                gateway.metrics.refused.labels(error.code).inc()
                return error_response(403, error)
        if request.method == "OPTIONS":
            return web.Response(status=204, headers=_preflight(request))
        return await handler(request)

    return guard


def _preflight(request: web.Request) -> dict[str, str]:
    """Any header may come: clients' libraries invent new ones (10-transports-auth, 9)."""
    wanted = request.headers.get("Access-Control-Request-Headers", "")
    return {
        "Access-Control-Allow-Methods": CORS_METHODS,
        "Access-Control-Allow-Headers": wanted,
        "Access-Control-Max-Age": "600",
    }


def _sign(gateway: Gateway) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    async def sign(request: web.Request, response: web.StreamResponse) -> None:
        response.headers["x-request-id"] = gateway.new_id("req")
        origin = request.headers.get("Origin")
        if origin is not None and response.status != 403:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = CORS_EXPOSED
            response.headers["Vary"] = "Origin"

    return sign


# --- calls -----------------------------------------------------------------------------------


def _calls(gateway: Gateway) -> list[web.RouteDef]:
    calls = Calls(gateway)
    return [
        web.post("/v1/realtime", with_any_key(gateway, calls.begin_beta)),
        web.post(CALLS, with_any_key(gateway, calling_or(gateway, calls.begin))),
        web.post("/v1/realtime/translations/calls", with_any_key(gateway, calls.begin_translation)),
        *(
            web.post(f"{CALLS}/{{call_id}}/{name}", with_standard_key(gateway, handler))
            for name, handler in CallControl(gateway, calls).handlers.items()
        ),
    ]


# --- keys and prompts -------------------------------------------------------------------------


def _minting(gateway: Gateway) -> list[web.RouteDef]:
    beta = BetaClientSecrets(gateway)
    addresses = {
        "client_secrets": ClientSecrets(gateway).__call__,
        "sessions": beta.of_realtime,
        "transcription_sessions": beta.of_transcription,
        "translations/client_secrets": TranslationSecrets(gateway).__call__,
    }
    return [
        web.post(f"/v1/realtime/{name}", with_standard_key(gateway, handler))
        for name, handler in addresses.items()
    ]


def _prompts(gateway: Gateway) -> list[web.RouteDef]:
    prompts, one = Prompts(gateway), "/v1/prompts/{prompt_id}"
    return [
        web.get("/v1/prompts", with_standard_key(gateway, prompts.index)),
        web.post("/v1/prompts", with_standard_key(gateway, prompts.add)),
        web.get(one, with_standard_key(gateway, prompts.show)),
        web.delete(one, with_standard_key(gateway, prompts.remove)),
    ]


# --- answers ----------------------------------------------------------------------------------


def _accounts(gateway: Gateway) -> list[web.RouteDef]:
    usage, traces = UsageOfKey(gateway), TracesOfKey(gateway)
    return [
        web.get("/v1/usage", with_standard_key(gateway, usage.__call__)),
        web.get("/v1/traces", with_standard_key(gateway, traces.list)),
        web.get("/v1/traces/{session_id}", with_standard_key(gateway, traces.one)),
    ]


def _models(gateway: Gateway) -> KeyedHandler:
    models = list_models(gateway.model_names, gateway.clock.wall())

    async def handler(request: web.Request, key: AdmittedKey) -> web.StreamResponse:
        return json_response(models)

    return handler


def _model(gateway: Gateway) -> KeyedHandler:
    models = {
        model.id: model for model in list_models(gateway.model_names, gateway.clock.wall()).data
    }

    async def handler(request: web.Request, key: AdmittedKey) -> web.StreamResponse:
        name = request.match_info["model"]
        if name not in models:
            message = f"The model '{name[:100]}' does not exist or you do not have access to it."
            return error_response(
                404, ProtocolError(message, code="model_not_found", param="model")
            )
        return json_response(models[name])

    return handler


def _metrics(gateway: Gateway) -> KeyedHandler:
    async def handler(request: web.Request, key: AdmittedKey) -> web.StreamResponse:
        return web.Response(body=gateway.metrics.text(), headers={"Content-Type": METRICS_TYPE})

    return handler


async def _healthz(request: web.Request) -> web.StreamResponse:
    return web.json_response({"status": "ok"})


def _readyz(gateway: Gateway) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        if gateway.engines is None:
            return web.json_response({"status": "warming up"}, status=503)
        if gateway.directory.is_closing:
            return web.json_response({"status": "shutting down"}, status=503)
        return web.json_response({"status": "ready"})

    return handler
