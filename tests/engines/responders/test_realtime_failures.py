"""Realtime services that fail, refuse or talk nonsense: each time it costs one answer."""

import logging

import pytest

from tests.engines.responders.realtime_engine import (
    FRANCE,
    answer_next,
    answered,
    begin,
    chained,
    engine_at,
    playing,
    request,
    text_of,
)
from tests.engines.responders.upstream import KEY, Event, Talk, scripted_upstream
from vivavoce.errors import EngineError
from vivavoce.interfaces import Finished, PromptMessage


async def test_what_fails_upstream_fails_here_with_the_reason() -> None:
    async with chained() as (engine, _):
        with pytest.raises(EngineError, match="gave up: The script says"):
            await answered(engine, request(PromptMessage("user", "Please fail.")))

        assert text_of(await answered(engine, request())) == "It is Paris, I think."


async def test_a_lost_connection_costs_one_answer() -> None:
    async with chained() as (engine, _):
        with pytest.raises(EngineError, match="ended the connection"):
            await answered(engine, request(PromptMessage("user", "Please drop it.")))

        assert text_of(await answered(engine, request())) == "It is Paris, I think."


async def test_a_wrong_key_is_refused_and_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with (
        scripted_upstream(keys=("sk-another",)) as upstream,
        engine_at(f"{upstream.url}/v1") as engine,
    ):
        with pytest.raises(EngineError, match="answered 401") as raised:
            await answered(engine, request())

    assert KEY not in str(raised.value)
    assert KEY not in caplog.text


async def test_a_service_that_is_not_there_is_named() -> None:
    async with engine_at("http://127.0.0.1:1/v1") as engine:
        with pytest.raises(
            EngineError, match=r"realtime service at http://127\.0\.0\.1:1/v1 can't"
        ):
            await answered(engine, request())


async def test_a_failure_of_its_user_passes_through() -> None:
    with pytest.raises(ZeroDivisionError):
        await fail_while_open()


async def fail_while_open() -> None:
    async with chained() as (engine, _):
        await answered(engine, request())
        raise ZeroDivisionError


async def test_a_refused_request_fails_alone() -> None:
    async def play(talk: Talk) -> None:
        asked = await talk.wait_for("response.create")
        refusal = {"message": f"No credit for {KEY}.", "event_id": asked["event_id"]}
        await talk.send({"type": "error", "error": refusal})
        await answer_next(talk)
        await talk.wait_for("never")

    async with playing(play) as engine:
        with pytest.raises(EngineError, match=r"refused: No credit for \*\*\*"):
            await answered(engine, request())

        assert await answered(engine, request()) == [Finished()]


async def test_a_refused_item_begins_the_conversation_anew() -> None:
    talks: list[Talk] = []

    async def play(talk: Talk) -> None:
        talks.append(talk)
        if len(talks) == 1:
            await talk.wait_for("response.create")
            refusal = {"message": "No such role.", "event_id": None}
            await talk.send({"type": "error", "error": refusal})
        else:
            await answer_next(talk)
        await talk.wait_for("never")

    async with playing(play) as engine:
        with pytest.raises(EngineError, match="refused: No such role"):
            await answered(engine, request())
        await answered(engine, request())

    kinds = [str(event["type"]) for event in talks[1].received]
    assert kinds[:3] == ["session.update", "conversation.item.create", "response.create"]


async def test_deleting_what_is_gone_does_not_matter() -> None:
    async def play(talk: Talk) -> None:
        await answer_next(talk)
        deleted = await talk.wait_for("conversation.item.delete")
        refusal = {"message": "No such item.", "event_id": deleted["event_id"]}
        await talk.send({"type": "error", "error": refusal})
        await answer_next(talk, "resp_2")
        await talk.wait_for("never")

    async with playing(play) as engine:
        await answered(engine, request(FRANCE))

        assert await answered(engine, request(PromptMessage("user", "Other."))) == [Finished()]


async def test_a_service_that_says_nothing_is_given_up() -> None:
    async def play(talk: Talk) -> None:
        await talk.wait_for("never")

    async with playing(play, timeout_s=0.1) as engine:
        with pytest.raises(EngineError, match=r"said nothing for 0\.1 s"):
            await answered(engine, request())


@pytest.mark.parametrize("text", ["{", "[]", '{"type": 1}'])
async def test_what_is_no_event_ends_the_answer(text: str) -> None:
    async def play(talk: Talk) -> None:
        await begin(talk)
        await talk.send_text(text)
        await talk.wait_for("never")

    async with playing(play) as engine:
        with pytest.raises(EngineError, match="can't be understood"):
            await answered(engine, request())


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ({"type": "response.output_audio.delta", "delta": "%%%"}, "no base64"),
        (
            {
                "type": "response.output_item.done",
                "item": {"type": "function_call", "name": "look", "arguments": "{"},
            },
            "not JSON",
        ),
    ],
)
async def test_nonsense_within_an_answer_ends_it(event: Event, reason: str) -> None:
    async def play(talk: Talk) -> None:
        await begin(talk)
        await talk.send({"response_id": "resp_u", **event})
        await talk.wait_for("never")

    async with playing(play) as engine:
        with pytest.raises(EngineError, match=reason):
            await answered(engine, request())
