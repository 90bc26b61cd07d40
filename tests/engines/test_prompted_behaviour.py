"""Instructions reach every engine that answers, whoever gave them: one row for each way.

From the client's event through the rules of the session to what the engine is sent.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Any

import msgspec
import pytest

from vivavoce.core.inputs import ClientSent, SessionOpened
from vivavoce.core.options import SessionOptions
from vivavoce.core.outputs import StartResponse
from vivavoce.core.session import Session
from vivavoce.engines.language_models import chat_completions
from vivavoce.engines.language_models.llama_cpp.prompt import render
from vivavoce.engines.responders import omni
from vivavoce.engines.responders.realtime_settings import Options, UpstreamSettings
from vivavoce.ids import counting_ids
from vivavoce.interfaces import ResponseRequest
from vivavoce.protocol.codec import decode_client_event
from vivavoce.protocol.stored_prompts import PromptTemplate
from vivavoce.testing.http_engines import HttpRequests, http_engines

STORED = PromptTemplate(id="pmpt_1", version="1", instructions="Sell {{thing}} from Assam.")
NAMED = {"id": "pmpt_1", "variables": {"thing": "tea"}}
HELLO = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello."}]}
GIVEN: Mapping[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "the session's": ({"instructions": "Sell tea from Assam."}, {}, "Sell tea from Assam."),
    "the response's own": ({"instructions": "Be brief."}, {"instructions": "Rhyme."}, "Rhyme."),
    "a stored prompt of the session": ({"prompt": NAMED}, {}, "Sell tea from Assam."),
    "a stored prompt of the response": (
        {"instructions": "Be brief."},
        {"prompt": NAMED},
        "Sell tea from Assam.",
    ),
    "the response's, out of band": (
        {"instructions": "Be brief."},
        {"instructions": "Rhyme.", "conversation": "none"},
        "Rhyme.",
    ),
}


def asked(session: dict[str, Any], response: dict[str, Any]) -> ResponseRequest:
    """Return what the session asks of its responder."""
    rules = Session(SessionOptions(), new_id=counting_ids())
    rules.handle(SessionOpened(wall_s=0), 0.0)
    outputs = []
    for event in (
        {"type": "session.update", "session": {"type": "realtime", **session}},
        {"type": "conversation.item.create", "item": HELLO},
        {"type": "response.create", "response": response},
    ):
        sent = ClientSent(decode_client_event(json.dumps(event).encode()), STORED)
        outputs += rules.handle(sent, 0.0)
    (order,) = [output for output in outputs if isinstance(output, StartResponse)]
    return order.request


async def by_llama_cpp(request: ResponseRequest) -> str:
    return render(request.prompt).text


async def by_chat_completions(request: ResponseRequest) -> str:
    requests = HttpRequests()
    async with (
        http_engines(requests=requests) as url,
        chat_completions.open_engine({"base_url": url, "model": "m"}) as engine,
        aclosing(engine.generate(request.prompt)) as events,
    ):
        [event async for event in events]
    return _shown(requests.bodies[-1]["messages"])


async def by_omni(request: ResponseRequest) -> str:
    requests = HttpRequests()
    async with (
        http_engines(requests=requests) as url,
        omni.open_engine({"base_url": url, "model": "m"}) as engine,
        aclosing(engine.responder.respond(request)) as events,
    ):
        [event async for event in events]
    return _shown(requests.bodies[-1]["messages"])


async def by_realtime_service(request: ResponseRequest) -> str:
    settings = UpstreamSettings(Options(), {})
    if request.prompt.out_of_band:
        return _shown(settings.of_answer_aside(request)["instructions"])
    return _shown(settings.of_answer(request)["instructions"])


@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize("sent", [by_llama_cpp, by_chat_completions, by_omni, by_realtime_service])
async def test_instructions_reach_the_engine(
    sent: Callable[[ResponseRequest], Awaitable[str]], given: str
) -> None:
    session, response, instructions = GIVEN[given]

    shown = await sent(asked(session, response))

    assert instructions in shown
    if instructions == "Rhyme.":
        assert "Be brief." not in shown


def _shown(value: object) -> str:
    return msgspec.json.encode(value).decode()
