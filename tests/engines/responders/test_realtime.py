"""Another realtime service as the engine, over real sockets."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest
from msgspec import structs

from tests.api.server import Served
from tests.engines.responders.upstream import (
    KEY,
    Event,
    Talk,
    played_upstream,
    scripted_upstream,
)
from tests.runtime.fakes import until
from vivavoce.engines.responders.realtime import open_engine
from vivavoce.errors import ConfigError, EngineError
from vivavoce.interfaces import (
    AudioDelta,
    Finished,
    Prompt,
    PromptItem,
    PromptMessage,
    PromptRead,
    PromptToolCall,
    PromptToolOutput,
    ResponderEngine,
    ResponseEvent,
    ResponseRequest,
    TextDelta,
    Tool,
    ToolCallDelta,
    ToolCallFinished,
    ToolCallStarted,
)
from vivavoce.media.pcm import BYTES_PER_MS, silence

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


async def answered(engine: ResponderEngine, asked: ResponseRequest) -> list[ResponseEvent]:
    async with asyncio.timeout(10), aclosing(engine.responder.respond(asked)) as events:
        return [event async for event in events if not isinstance(event, PromptRead)]


def text_of(events: list[ResponseEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def sound_ms(events: list[ResponseEvent]) -> float:
    return sum(len(e.data) for e in events if isinstance(e, AudioDelta)) / BYTES_PER_MS


# --- against this very server -----------------------------------------------------------------


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


async def test_closing_an_answer_ends_it_upstream_and_the_next_one_is_heard() -> None:
    story = PromptMessage("user", "Tell me a story.")
    async with chained() as (engine, _), asyncio.timeout(10):
        async with aclosing(engine.responder.respond(request(story))) as events:
            async for event in events:
                if isinstance(event, AudioDelta):
                    break
        heard = PromptMessage("assistant", "Once upon a time.")
        after = await answered(engine, request(story, heard, FRANCE))

    assert text_of(after) == "It is Paris, I think."


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


async def test_a_failure_of_its_user_passes_through() -> None:
    with pytest.raises(ZeroDivisionError):
        await fail_while_open()


async def fail_while_open() -> None:
    async with chained() as (engine, _):
        await answered(engine, request())
        raise ZeroDivisionError


async def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(ConfigError):
        async with engine_at("http://127.0.0.1:1/v1", colour="red"):
            pytest.fail("it opened")


# --- against a service that a test plays ------------------------------------------------------


async def begin(talk: Talk, response_id: str = "resp_u") -> Event:
    asked = await talk.wait_for("response.create")
    await talk.send({"type": "response.created", "response": {"id": response_id}})
    return asked


async def test_the_session_upstream_is_configured_once() -> None:
    talks: list[Talk] = []

    async def play(talk: Talk) -> None:
        talks.append(talk)
        while True:
            await begin(talk)
            await talk.send(done("resp_u"))

    async with (
        played_upstream(play) as url,
        engine_at(url, extra_body={"truncation": "auto"}) as it,
    ):
        await answered(it, request(SPOKEN, tools=(LOOK,), tool_choice="function:look"))
        await answered(it, request(SPOKEN, tools=(LOOK,), tool_choice="function:look"))
        await answered(it, request(SPOKEN))

    updates = [e["session"] for e in talks[0].received if e["type"] == "session.update"]
    pcm = {"type": "audio/pcm", "rate": 24_000}
    assert updates == [
        {
            "type": "realtime",
            "instructions": "Be brief.",
            "tools": [
                {
                    "type": "function",
                    "name": "look",
                    "description": "",
                    "parameters": {"type": "object", "properties": {"at": {"type": "string"}}},
                }
            ],
            "tool_choice": {"type": "function", "name": "look"},
            "output_modalities": ["audio"],
            "max_output_tokens": "inf",
            "audio": {
                "input": {"format": pcm, "turn_detection": None},
                "output": {"format": pcm, "voice": "alloy", "speed": 1.0},
            },
            "truncation": "auto",
        },
        {"type": "realtime", "tools": [], "tool_choice": "auto"},
    ]


async def test_what_an_answer_alone_has_goes_with_its_request() -> None:
    asked: list[Event] = []

    async def play(talk: Talk) -> None:
        while True:
            asked.append(await begin(talk))
            await talk.send(done("resp_u"))

    async with played_upstream(play) as url, engine_at(url, temperature=True) as engine:
        told: dict[str, Any] = {
            "reasoning_effort": "low",
            "temperature": 0.7,
            "parallel_tool_calls": False,
        }
        await answered(engine, request(**told))
        await answered(engine, request())

    assert [event["response"] for event in asked] == [
        {"reasoning": {"effort": "low"}, "temperature": 0.7, "parallel_tool_calls": False},
        {},
    ]


async def test_a_temperature_is_kept_from_services_that_know_none() -> None:
    asked: list[Event] = []

    async def play(talk: Talk) -> None:
        asked.append(await begin(talk))
        await talk.send(done("resp_u"))
        await talk.wait_for("never")

    async with played_upstream(play) as url, engine_at(url) as engine:
        await answered(engine, request(temperature=0.7))

    assert asked[0]["response"] == {}


async def test_cached_tokens_pass_through() -> None:
    async def play(talk: Talk) -> None:
        await begin(talk)
        usage = {"input_tokens": 90, "input_token_details": {"cached_tokens": 64}}
        await talk.send(done("resp_u", usage=usage))
        await talk.wait_for("never")

    async with played_upstream(play) as url, engine_at(url) as engine:
        assert await answered(engine, request()) == [Finished("stop", 90, 64)]


@pytest.mark.parametrize(
    ("status", "details", "reason"),
    [
        ("incomplete", {"reason": "max_output_tokens"}, "max_output_tokens"),
        ("incomplete", {"reason": "content_filter"}, "content_filter"),
    ],
)
async def test_the_reason_of_the_end_passes_through(
    status: str, details: Event, reason: str
) -> None:
    async def play(talk: Talk) -> None:
        await begin(talk)
        await talk.send(done("resp_u", status=status, status_details=details))
        await talk.wait_for("never")

    async with played_upstream(play) as url, engine_at(url) as engine:
        (last,) = await answered(engine, request())

    assert isinstance(last, Finished)
    assert last.reason == reason


async def test_an_answer_that_begins_when_nobody_wants_it_is_ended() -> None:
    was_cancelled = asyncio.Event()

    async def play(talk: Talk) -> None:
        await talk.wait_for("response.create")
        is_asked.set()
        await is_left.wait()
        await talk.send({"type": "response.created", "response": {"id": "resp_late"}})
        cancel = await talk.wait_for("response.cancel")
        assert cancel["response_id"] == "resp_late"
        was_cancelled.set()
        await talk.send(done("resp_late", status="cancelled"))
        await begin(talk, "resp_2")
        await talk.send(done("resp_2"))
        await talk.wait_for("never")

    is_asked, is_left = asyncio.Event(), asyncio.Event()
    async with played_upstream(play) as url, engine_at(url) as engine, asyncio.timeout(10):
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(answered(engine, request()))
            await is_asked.wait()
            reading.cancel()
            await asyncio.wait([reading])
        is_left.set()
        events = await answered(engine, request())

    assert was_cancelled.is_set()
    assert events == [Finished()]


async def test_a_service_that_ends_no_answer_is_left_for_a_new_connection() -> None:
    talks: list[Talk] = []
    is_asked = asyncio.Event()

    async def play(talk: Talk) -> None:
        talks.append(talk)
        await begin(talk)
        is_asked.set()
        if len(talks) > 1:
            await talk.send(done("resp_u"))
        await talk.wait_for("never")

    async with (
        asyncio.timeout(10),
        played_upstream(play) as url,
        engine_at(url, timeout_s=0.2) as engine,
    ):
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(answered(engine, request()))
            await is_asked.wait()
            reading.cancel()
            await asyncio.wait([reading])
        with pytest.raises(EngineError, match=r"told to end|said nothing"):
            await answered(engine, request())

        assert await answered(engine, request()) == [Finished()]


async def test_a_refused_request_fails_alone() -> None:
    async def play(talk: Talk) -> None:
        asked = await talk.wait_for("response.create")
        refusal = {"message": f"No credit for {KEY}.", "event_id": asked["event_id"]}
        await talk.send({"type": "error", "error": refusal})
        await begin(talk)
        await talk.send(done("resp_u"))
        await talk.wait_for("never")

    async with played_upstream(play) as url, engine_at(url) as engine:
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
            await begin(talk)
            await talk.send(done("resp_u"))
        await talk.wait_for("never")

    async with played_upstream(play) as url, engine_at(url) as engine:
        with pytest.raises(EngineError, match="refused: No such role"):
            await answered(engine, request())
        await answered(engine, request())

    kinds = [str(event["type"]) for event in talks[1].received]
    assert kinds[:3] == ["session.update", "conversation.item.create", "response.create"]


async def test_deleting_what_is_gone_does_not_matter() -> None:
    async def play(talk: Talk) -> None:
        await begin(talk)
        await talk.send(done("resp_u"))
        deleted = await talk.wait_for("conversation.item.delete")
        refusal = {"message": "No such item.", "event_id": deleted["event_id"]}
        await talk.send({"type": "error", "error": refusal})
        await begin(talk, "resp_2")
        await talk.send(done("resp_2"))
        await talk.wait_for("never")

    async with played_upstream(play) as url, engine_at(url) as engine:
        await answered(engine, request(FRANCE))

        assert await answered(engine, request(PromptMessage("user", "Other."))) == [Finished()]


async def test_a_service_that_says_nothing_is_given_up() -> None:
    async def play(talk: Talk) -> None:
        await talk.wait_for("never")

    async with played_upstream(play) as url, engine_at(url, timeout_s=0.1) as engine:
        with pytest.raises(EngineError, match=r"said nothing for 0\.1 s"):
            await answered(engine, request())


@pytest.mark.parametrize("text", ["{", "[]", '{"type": 1}'])
async def test_what_is_no_event_ends_the_answer(text: str) -> None:
    async def play(talk: Talk) -> None:
        await begin(talk)
        await talk.send_text(text)
        await talk.wait_for("never")

    async with played_upstream(play) as url, engine_at(url) as engine:
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

    async with played_upstream(play) as url, engine_at(url) as engine:
        with pytest.raises(EngineError, match=reason):
            await answered(engine, request())


def done(response_id: str, status: str = "completed", **more: object) -> Event:
    return {"type": "response.done", "response": {"id": response_id, "status": status, **more}}
