"""Answers of another realtime service, here this very server, over real sockets."""

import asyncio
from contextlib import aclosing

import pytest
from msgspec import structs

from tests.engines.responders.realtime_engine import (
    LOOK,
    SPOKEN,
    answered,
    chained,
    engine_at,
    request,
    text_of,
)
from tests.runtime.fakes import until
from vivavoce.errors import ConfigError
from vivavoce.interfaces import (
    AudioDelta,
    Finished,
    PromptMessage,
    PromptRead,
    PromptToolCall,
    PromptToolOutput,
    ResponseEvent,
    TextDelta,
    ToolCallDelta,
    ToolCallFinished,
    ToolCallStarted,
)
from vivavoce.media.pcm import BYTES_PER_MS


def sound_ms(events: list[ResponseEvent]) -> float:
    return sum(len(e.data) for e in events if isinstance(e, AudioDelta)) / BYTES_PER_MS


async def test_a_text_turn_is_answered_in_text() -> None:
    async with chained() as (engine, _):
        events = await answered(engine, request(modality="text"))

    assert text_of(events) == "It is Paris, I think."
    assert sound_ms(events) == 0
    assert isinstance(events[-1], Finished)


async def test_a_spoken_turn_is_answered_with_each_clause_before_its_sound() -> None:
    async with chained() as (engine, _):
        events = await answered(engine, request(SPOKEN))

    assert [e.text for e in events if isinstance(e, TextDelta)] == ["It is Paris, ", "I think."]
    assert isinstance(events[0], TextDelta)
    assert sound_ms(events) == 5 * 300


async def test_speed_and_voice_are_the_services_to_enact() -> None:
    async with chained() as (engine, _):
        asked = structs.replace(request(SPOKEN), speed=1.5)
        events = await answered(engine, asked)

    assert sound_ms(events) == 5 * 200


async def test_usage_passes_through() -> None:
    async with chained() as (engine, _):
        last = (await answered(engine, request()))[-1]

    assert isinstance(last, Finished)
    assert last.input_tokens
    assert last.cached_tokens == 0


async def test_a_limit_of_tokens_is_the_services_to_keep() -> None:
    async with chained() as (engine, _):
        last = (await answered(engine, request(modality="text", max_output_tokens=2)))[-1]

    assert isinstance(last, Finished)
    assert last.reason == "max_output_tokens"


async def test_a_call_and_its_output_go_through() -> None:
    weather = PromptMessage("user", "How is the weather?")
    call = PromptToolCall("call_ours", "look", '{"at":"sky"}')
    output = PromptToolOutput("call_ours", "sunny")
    async with chained() as (engine, _):
        called = await answered(engine, request(weather, tools=(LOOK,)))
        told = await answered(engine, request(weather, call, output, tools=(LOOK,)))

    assert called[:3] == [
        ToolCallStarted("look"),
        ToolCallDelta('{"at":"sky"}'),
        ToolCallFinished(),
    ]
    assert text_of(told) == "The sun shines."


async def test_one_connection_serves_a_session_and_ends_with_it() -> None:
    async with chained() as (engine, upstream):
        for _ in range(3):
            await answered(engine, request())
        during = len(upstream.gateway.directory)

        engine.language_model.release("sess_1")
        await until(lambda: not len(upstream.gateway.directory))

    assert during == 1


async def test_sessions_have_connections_of_their_own() -> None:
    other = structs.replace(request(), prompt=structs.replace(request().prompt, session_id="s_2"))
    async with chained() as (engine, upstream):
        await asyncio.gather(answered(engine, request()), answered(engine, other))

        assert len(upstream.gateway.directory) == 2


async def test_an_answer_aside_is_given_while_another_one_is() -> None:
    story = PromptMessage("user", "Tell me a story.")
    async with (
        chained() as (engine, _),
        asyncio.timeout(10),
        aclosing(engine.responder.respond(request(story))) as events,
    ):
        await anext(events)
        aside = await answered(engine, request(modality="text", out_of_band=True))
        going_on = await anext(events)

    assert text_of(aside) == "It is Paris, I think."
    assert isinstance(going_on, TextDelta | AudioDelta)


async def test_an_answer_aside_may_be_the_first_of_all() -> None:
    async with chained() as (engine, _):
        events = await answered(engine, request(SPOKEN, out_of_band=True))

    assert text_of(events) == "It is Paris, I think."


async def test_a_session_is_prepared_before_its_first_answer() -> None:
    async with chained() as (engine, upstream):
        await engine.language_model.prefill(request().prompt)
        during = len(upstream.gateway.directory)

        events = await answered(engine, request())

    assert during == 1
    assert text_of(events) == "It is Paris, I think."


async def test_as_a_writer_it_writes() -> None:
    async with chained() as (engine, _):
        model = engine.language_model
        events = [event async for event in model.generate(request().prompt)]

    written = [event for event in events if not isinstance(event, PromptRead)]
    assert text_of(list(written)) == "It is Paris, I think."
    assert await model.count_tokens(["", "12345"]) == [0, 2]


async def test_voices_may_have_other_names_upstream() -> None:
    async with chained(voices={"nova": "alloy"}) as (engine, _):
        events = await answered(engine, request(SPOKEN, voice="nova"))

        assert engine.voices == ("nova",)
    assert sound_ms(events) > 0


async def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(ConfigError):
        async with engine_at("http://127.0.0.1:1/v1", colour="red"):
            pytest.fail("it opened")
