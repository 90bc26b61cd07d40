"""Another realtime service as the engine, and what it is asked."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager

from msgspec import structs

from tests.api.server import Served
from tests.engines.responders.upstream import (
    KEY,
    Event,
    Play,
    Talk,
    played_upstream,
    scripted_upstream,
)
from vivavoce.engines.responders.realtime import open_engine
from vivavoce.interfaces import (
    Prompt,
    PromptItem,
    PromptMessage,
    PromptRead,
    ResponderEngine,
    ResponseEvent,
    ResponseRequest,
    TextDelta,
    Tool,
)
from vivavoce.media.pcm import silence

FRANCE = PromptMessage("user", "What is the capital of France?")
SPOKEN = structs.replace(FRANCE, audio=silence(500).data)
LOOK = Tool("look", parameters={"type": "object", "properties": {"at": {"type": "string"}}})


def request(
    *items: PromptItem, modality: str = "audio", voice: str = "alloy", **prompt: object
) -> ResponseRequest:
    given = Prompt(session_id="sess_1", instructions="Be brief.", items=items or (FRANCE,))
    return ResponseRequest(
        response_id="resp_1",
        prompt=structs.replace(given, **prompt),
        modality="text" if modality == "text" else "audio",
        voice=voice,
    )


@asynccontextmanager
async def engine_at(url: str, **settings: object) -> AsyncGenerator[ResponderEngine, None]:
    table = {"base_url": url, "model": "gpt-realtime", "api_key": KEY, **settings}
    async with open_engine(table) as engine:
        yield engine


@asynccontextmanager
async def chained(**settings: object) -> AsyncGenerator[tuple[ResponderEngine, Served], None]:
    async with (
        scripted_upstream() as upstream,
        engine_at(f"{upstream.url}/v1", **settings) as engine,
    ):
        yield engine, upstream


@asynccontextmanager
async def playing(play: Play, **settings: object) -> AsyncGenerator[ResponderEngine, None]:
    async with played_upstream(play) as url, engine_at(url, **settings) as engine:
        yield engine


async def answered(engine: ResponderEngine, asked: ResponseRequest) -> list[ResponseEvent]:
    async with asyncio.timeout(10), aclosing(engine.responder.respond(asked)) as events:
        return [event async for event in events if not isinstance(event, PromptRead)]


def text_of(events: list[ResponseEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


async def begin(talk: Talk, response_id: str = "resp_u") -> Event:
    asked = await talk.wait_for("response.create")
    await talk.send({"type": "response.created", "response": {"id": response_id}})
    return asked


def done(response_id: str, **end: object) -> Event:
    response = {"id": response_id, "status": "completed", **end}
    return {"type": "response.done", "response": response}


async def answer_next(talk: Talk, response_id: str = "resp_u", **end: object) -> Event:
    """Give an answer of nothing; return what asked for it."""
    asked = await begin(talk, response_id)
    await talk.send(done(response_id, **end))
    return asked
