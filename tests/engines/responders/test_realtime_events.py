"""What a realtime service is sent, and what is read from what it says."""

from typing import Any

import pytest

from tests.engines.responders.realtime_engine import (
    LOOK,
    SPOKEN,
    answer_next,
    answered,
    playing,
    request,
)
from tests.engines.responders.upstream import Event, Talk
from vivavoce.interfaces import Finished


async def test_the_session_upstream_is_configured_once() -> None:
    talks: list[Talk] = []

    async def play(talk: Talk) -> None:
        talks.append(talk)
        while True:
            await answer_next(talk)

    async with playing(play, extra_body={"truncation": "auto"}) as it:
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
            asked.append(await answer_next(talk))

    async with playing(play, temperature=True) as engine:
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
        asked.append(await answer_next(talk))
        await talk.wait_for("never")

    async with playing(play) as engine:
        await answered(engine, request(temperature=0.7))

    assert asked[0]["response"] == {}


async def test_cached_tokens_pass_through() -> None:
    async def play(talk: Talk) -> None:
        usage = {"input_tokens": 90, "input_token_details": {"cached_tokens": 64}}
        await answer_next(talk, usage=usage)
        await talk.wait_for("never")

    async with playing(play) as engine:
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
        await answer_next(talk, status=status, status_details=details)
        await talk.wait_for("never")

    async with playing(play) as engine:
        (last,) = await answered(engine, request())

    assert isinstance(last, Finished)
    assert last.reason == reason
