"""Limits of a key where they meet the answers of a session."""

import asyncio

from msgspec import structs

from tests.runtime.fakes import Fakes, ScriptedRules, hanging, running
from vivavoce.clock import Clock
from vivavoce.core.inputs import Input, ResponseFailed, SessionOpened
from vivavoce.core.outputs import (
    CancelResponse,
    Close,
    Output,
    ReleaseResponse,
    Send,
    StartResponse,
)
from vivavoce.ids import counting_ids
from vivavoce.interfaces import Prompt, ResponseRequest
from vivavoce.protocol.audio_settings import PcmFormat
from vivavoce.protocol.response import Response, ResponseAudio, ResponseAudioOutput, Usage
from vivavoce.protocol.response_events import ResponseCreated, ResponseDone
from vivavoce.protocol.server_events import RateLimitsUpdated
from vivavoce.runtime.limits import KeyLimiter, KeyLimits
from vivavoce.runtime.response_limits import ResponseLimits

NOW = Clock()


def start(response_id: str, *, prepared: bool = False) -> StartResponse:
    request = ResponseRequest(response_id=response_id, prompt=Prompt(session_id="sess_1"))
    return StartResponse(request, PcmFormat(), prepared=prepared)


def response(n_tokens: int = 0) -> Response:
    audio = ResponseAudio(output=ResponseAudioOutput(format=PcmFormat(), voice="alloy"))
    usage = Usage(total_tokens=n_tokens)
    return Response(
        id="resp_1", status="completed", output_modalities=("audio",), audio=audio, usage=usage
    )


def limits_of(key: KeyLimiter) -> ResponseLimits:
    return ResponseLimits(key, counting_ids())


def left(key: KeyLimiter) -> int:
    return key.states()[0].remaining


async def test_a_refused_answer_is_not_started_and_the_session_is_told_why() -> None:
    fakes = Fakes()
    key = KeyLimiter(KeyLimits(requests_per_minute=1), NOW)
    key.take_request()

    def answer(item: Input) -> list[Output]:
        match item:
            case SessionOpened():
                return [start("resp_1")]
            case ResponseFailed():
                return [Close(1000, "")]
            case _:
                return []

    rules = ScriptedRules(answer)
    async with asyncio.timeout(5):
        await running(rules, fakes, limits=limits_of(key)).runner.run()

    (failed,) = [item for item in rules.told if isinstance(item, ResponseFailed)]
    assert (failed.response_id, failed.code, failed.kind) == (
        "resp_1",
        "rate_limit_exceeded",
        "requests",
    )
    assert not failed.was_started
    assert fakes.responder.n_started == 0


def test_the_servers_own_work_counts_for_nothing() -> None:
    key = KeyLimiter(KeyLimits(requests_per_minute=1), NOW)
    own = structs.replace(start("resp_1"), is_for_client=False)

    key.take_request()

    assert limits_of(key).refuse(own) is None


def test_a_prepared_answer_that_is_dropped_gives_its_request_back() -> None:
    key = KeyLimiter(KeyLimits(requests_per_minute=2), NOW)
    limits = limits_of(key)

    limits.refuse(start("resp_1", prepared=True))
    taken = left(key)
    limits.dropped("resp_1")

    assert (taken, left(key)) == (1, 2)


def test_a_released_answer_that_is_cancelled_does_not() -> None:
    key = KeyLimiter(KeyLimits(requests_per_minute=2), NOW)
    limits = limits_of(key)

    limits.refuse(start("resp_1", prepared=True))
    limits.released("resp_1")
    limits.dropped("resp_1")

    assert left(key) == 1


async def test_the_runner_tells_of_release_and_drop() -> None:
    key = KeyLimiter(KeyLimits(requests_per_minute=3), NOW)
    orders: list[Output] = [
        start("resp_1", prepared=True),
        start("resp_2", prepared=True),
        ReleaseResponse("resp_1"),
        CancelResponse("resp_1"),
        CancelResponse("resp_2"),
        Close(1000, ""),
    ]
    fakes = Fakes()
    fakes.responder.script = hanging
    rules = ScriptedRules(lambda item: orders if isinstance(item, SessionOpened) else [])

    async with asyncio.timeout(5):
        await running(rules, fakes, limits=limits_of(key)).runner.run()

    assert left(key) == 2


def test_tokens_of_an_answer_are_counted_and_what_is_left_is_reported_behind_it() -> None:
    limits = limits_of(KeyLimiter(KeyLimits(tokens_per_minute=100), NOW))

    before = limits.after(ResponseCreated(event_id="event", response=response()))
    report = limits.after(ResponseDone(event_id="event", response=response(60)))

    assert before is None
    assert report is not None
    assert report.rate_limits[0].remaining == 40


def test_beta_clients_are_told_when_the_answer_begins() -> None:
    key = KeyLimiter(KeyLimits(tokens_per_minute=100), NOW)
    limits = ResponseLimits(key, counting_ids(), "beta")

    report = limits.after(ResponseCreated(event_id="event", response=response()))
    after = limits.after(ResponseDone(event_id="event", response=response(60)))

    assert report is not None
    assert after is None
    assert left(key) == 40


def test_without_limits_nothing_is_reported() -> None:
    limits = limits_of(KeyLimiter(KeyLimits(), NOW))

    assert limits.after(ResponseDone(event_id="event", response=response(60))) is None


async def test_the_report_is_sent_right_behind_response_done() -> None:
    done = Send(ResponseDone(event_id="event", response=response(10)))
    rules = ScriptedRules(lambda item: [done] if isinstance(item, SessionOpened) else [])
    key = KeyLimiter(KeyLimits(requests_per_minute=3), NOW)
    session = running(rules, Fakes(), limits=limits_of(key))

    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        tasks.create_task(session.runner.run())
        await session.client.received(RateLimitsUpdated)
        session.runner.stop(1000, "")

    assert [type(event) for event in session.client.events] == [ResponseDone, RateLimitsUpdated]
