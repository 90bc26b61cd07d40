"""What calls begin with is read before the first one comes."""

import asyncio
from pathlib import Path

import pytest
from msgspec import structs

from tests.api.office import opened_office
from tests.api.server import served
from tests.phone import calling
from vivavoce.api.telephone import AutoAnswer
from vivavoce.api.telephone_reading import read_ahead
from vivavoce.api.webhooks import open_webhooks
from vivavoce.assembly.telephone import open_telephone
from vivavoce.config import load_config
from vivavoce.engines.responders.writing import ResponderAsWriter
from vivavoce.errors import EngineError
from vivavoce.interfaces import Engines, Prompt
from vivavoce.protocol.session import RealtimeSessionUpdate
from vivavoce.testing.answering import ScriptedLanguageModel, ScriptedResponder
from vivavoce.testing.scripted import open_scripted_engines
from vivavoce.transports.sip.events import Answered

SHOP = RealtimeSessionUpdate(instructions="You are in a shop.")


def model_of(engines: Engines) -> ScriptedLanguageModel:
    assert isinstance(engines.language_model, ScriptedLanguageModel)
    return engines.language_model


def nameless(prompt: Prompt) -> Prompt:
    return structs.replace(prompt, session_id="")


async def test_the_greeting_is_read_first_then_the_instructions() -> None:
    auto_answer = AutoAnswer(session=SHOP, greeting="Say hello.")
    async with opened_office() as office:
        gateway = office.server.gateway
        assert gateway.engines is not None
        model = model_of(gateway.engines)

        await read_ahead(gateway, gateway.engines, auto_answer)

    assert [prompt.instructions for prompt in model.prefilled] == [
        "You are in a shop.\n\nSay hello.",
        "You are in a shop.",
    ]
    [session_id] = {prompt.session_id for prompt in model.prefilled}
    assert list(model.released) == [session_id]


async def test_a_call_asks_for_what_was_read() -> None:
    auto_answer = AutoAnswer(session=SHOP, greeting="Say what the capital of France is.")
    async with opened_office(auto_answer=auto_answer) as office:
        gateway = office.server.gateway
        assert gateway.engines is not None
        model = model_of(gateway.engines)
        await read_ahead(gateway, gateway.engines, auto_answer)
        read = [nameless(prompt) for prompt in model.prefilled]
        async with calling(office.uri) as phone:
            await phone.happened(Answered)
            await phone.heard_sound(0.3)
        responder = gateway.engines.responder
        assert isinstance(responder, ScriptedResponder)
        asked = nameless(responder.asked[0].request.prompt)
        prefilled_by_the_call = nameless(model.prefilled[2])

    assert asked == read[0]
    assert prefilled_by_the_call == read[1]


async def test_before_a_line_that_is_said_first_the_instructions_are_read() -> None:
    auto_answer = AutoAnswer(session=SHOP, greeting="Not used.", line="Good day.")
    async with opened_office() as office:
        gateway = office.server.gateway
        assert gateway.engines is not None
        model = model_of(gateway.engines)

        await read_ahead(gateway, gateway.engines, auto_answer)

    assert {prompt.instructions for prompt in model.prefilled} == {"You are in a shop."}


async def test_it_is_read_when_the_telephone_opens(tmp_path: Path) -> None:
    file = tmp_path / "vivavoce.toml"
    file.write_text(
        '[sip]\nudp_port = 0\ntcp_port = 0\n[telephone.answer]\ninstructions = "Be kind."\n'
    )
    loaded = load_config(file, environment={})
    script = Path(__file__).parents[1] / "clients" / "script.toml"
    async with served() as server, open_scripted_engines(script) as engines, asyncio.timeout(10):
        gateway, model = server.gateway, model_of(engines)
        opening_webhooks = open_webhooks(
            (), gateway.database, gateway.clock, gateway.background, gateway.new_id
        )
        async with (
            opening_webhooks as webhooks,
            open_telephone(loaded, gateway, webhooks, None, engines),
        ):
            while not model.released:  # noqa: ASYNC110 - it has no event for it
                await asyncio.sleep(0)

    assert [prompt.instructions.startswith("Be kind.") for prompt in model.prefilled] == [True] * 2


async def test_a_model_that_cannot_read_ahead_costs_nothing_but_time(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fail(_prompt: Prompt) -> None:
        raise EngineError("it is away")

    auto_answer = AutoAnswer(session=SHOP, greeting="")
    async with opened_office() as office, asyncio.timeout(10):
        gateway = office.server.gateway
        assert gateway.engines is not None
        away = ResponderAsWriter(
            gateway.engines.responder, window_tokens=None, reasoning_efforts=(), prefill=fail
        )
        engines = structs.replace(gateway.engines, language_model=away)
        await read_ahead(gateway, engines, auto_answer)

    assert "could not be read ahead: it is away" in caplog.text
