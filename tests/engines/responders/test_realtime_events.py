"""What a realtime service is sent, and what is read from what it says."""

from typing import Any

import pytest

from tests.engines.responders.realtime_engine import (
    FRANCE,
    LOOK,
    SPOKEN,
    answer_next,
    answered,
    begin,
    done,
    playing,
    request,
)
from tests.engines.responders.upstream import Event, Talk
from vivavoce.interfaces import Finished, PhaseStarted, PromptMessage


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


async def test_comments_and_answers_are_messages_of_their_own_here_and_there() -> None:
    talks: list[Talk] = []

    async def say(talk: Talk, item_id: str, phase: str, words: str) -> None:
        place = {"response_id": "resp_u", "item_id": item_id}
        item = {"id": item_id, "type": "message", "phase": phase}
        await talk.send({"type": "response.output_item.added", "item": item, **place})
        await talk.send({"type": "response.output_text.delta", "delta": words, **place})
        await talk.send({"type": "response.output_item.done", "item": item, **place})

    async def play(talk: Talk) -> None:
        talks.append(talk)
        await begin(talk)
        await say(talk, "item_a", "commentary", "Let me see.")
        await say(talk, "item_b", "final_answer", "It is Paris.")
        await talk.send(done("resp_u"))
        await answer_next(talk)

    async with playing(play) as engine:
        events = await answered(engine, request(FRANCE, modality="text"))
        said = [PromptMessage("assistant", words) for words in ("Let me see.", "It is Paris.")]
        await answered(
            engine, request(FRANCE, *said, PromptMessage("user", "And of Japan?"), modality="text")
        )

    phases = [event.phase for event in events if isinstance(event, PhaseStarted)]
    assert phases == ["commentary", "final_answer"]
    made = [e["item"] for e in talks[0].received if e["type"] == "conversation.item.create"]
    assert len(made) == 2  # the two questions: what the service said is there already
    assert not [e for e in talks[0].received if e["type"] == "conversation.item.delete"]


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
