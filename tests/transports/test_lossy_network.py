"""Calls through a network that loses, reorders and interrupts: a real server, real packets."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from webrtc import RTCInboundRtpStreamStats

from tests.recordings import FOLDER, recording
from tests.rtc_client import RATE_HZ, Caller
from tests.served import served
from tests.transports.lossy_call import LOOPBACK, lossy_call
from vivavoce.media.resample import resample

ANSWER = "The capital of France is Paris, on the river Seine."
SCRIPT = f"""
[[turns]]
hears = "What is the capital of France?"
answer = "{ANSWER}"

[[turns]]
hears = "Go forward ten meters."
answer = "Going forward."
"""
SPEECH = "jfk"
QUESTION, ORDER = "question-capital", "goforward"
LATE_S = 0.5
"""What was played last is heard by then, through the jitter buffer of the caller."""
OUTAGE_S = 2.0

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
async def url(tmp_path: Path) -> AsyncIterator[str]:
    """Serve; yield the base URL."""
    script = tmp_path / "script.toml"
    script.write_text(SCRIPT)
    sounds = {"VIVAVOCE_PLAYBACK__SOUNDS_FOLDER": str(FOLDER)}
    async with served("--scripted", str(script), **LOOPBACK, **sounds) as (url, _):
        yield url


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as http:
        yield http


def said(name: str) -> bytes:
    """Return a recording as a caller says it."""
    return resample(recording(name), RATE_HZ).data


async def transcribing(caller: Caller) -> None:
    """Have what the caller says transcribed."""
    audio = {"input": {"transcription": {"model": "whisper-1"}}}
    caller.send({"type": "session.update", "session": {"type": "realtime", "audio": audio}})
    await caller.received("session.updated")


async def answered(caller: Caller, name: str) -> None:
    """Say a recording, and listen to the whole answer."""
    caller.say(said(name))
    await caller.received("output_audio_buffer.stopped", 20)
    await asyncio.sleep(LATE_S)


def understood(caller: Caller) -> list[object]:
    return transcripts(caller, "conversation.item.input_audio_transcription.completed")


def answers(caller: Caller) -> list[object]:
    return transcripts(caller, "response.output_audio_transcript.done")


def transcripts(caller: Caller, kind: str) -> list[object]:
    return [event["transcript"] for event in caller.seen if event["type"] == kind]


async def test_a_question_arrives_and_its_answer_plays_in_spite_of_loss_and_reordering(
    url: str, http: aiohttp.ClientSession
) -> None:
    async with asyncio.TaskGroup() as tasks:
        calls = [tasks.create_task(heard_ms(http, url, lost)) for lost in (0.0, 0.02, 0.05)]

    undisturbed_ms = calls[0].result()
    assert [call.result() for call in calls] == pytest.approx([undisturbed_ms] * 3, abs=80)


async def heard_ms(http: aiohttp.ClientSession, url: str, lost: float) -> float:
    """Ask the question; return how long its answer was heard."""
    async with lossy_call(http, url, 1, lost=lost) as (caller, relay):
        relay.overtaken = 0.02 if lost else 0.0
        await transcribing(caller)
        await answered(caller, QUESTION)
    assert (relay.n_lost > 0) == (lost > 0)
    assert understood(caller) == ["What is the capital of France?"]
    assert answers(caller) == [ANSWER]
    return caller.loud_ms()


async def test_when_packets_of_speech_are_lost_the_next_ones_carry_what_was_in_them(
    url: str, http: aiohttp.ClientSession
) -> None:
    async with lossy_call(http, url, 3, lost=0.05) as (caller, _):
        for _ in range(2):
            caller.send({"type": "vivavoce.playback.play", "sound": SPEECH})
            await caller.received("vivavoce.playback.ended", 20)
        stats = await caller.connection.get_stats()

    [heard] = [one for one in stats.values() if isinstance(one, RTCInboundRtpStreamStats)]
    assert heard.packets_lost
    assert heard.fec_packets_received  # from when the caller had first reported its losses


async def test_an_answer_goes_on_after_an_outage_and_the_next_question_is_heard(
    url: str, http: aiohttp.ClientSession
) -> None:
    async with lossy_call(http, url, 2) as (caller, relay):
        await transcribing(caller)
        caller.say(said(QUESTION))
        await caller.received("output_audio_buffer.started", 20)
        relay.is_out = True
        await asyncio.sleep(OUTAGE_S)
        relay.is_out = False
        await caller.received("output_audio_buffer.stopped", 20)
        n_heard = len(caller.heard)
        await answered(caller, ORDER)

    assert relay.n_lost > 0
    assert understood(caller) == ["What is the capital of France?", "Go forward ten meters."]
    assert answers(caller) == [ANSWER, "Going forward."]
    caller.heard = caller.heard[n_heard:]
    assert caller.loud_ms() > 300


async def test_events_of_an_outage_arrive_when_it_is_over(
    url: str, http: aiohttp.ClientSession
) -> None:
    async with lossy_call(http, url, 3) as (caller, relay):
        await transcribing(caller)
        caller.say(said(QUESTION))
        await caller.received("input_audio_buffer.speech_stopped", 20)
        relay.is_out = True
        await asyncio.sleep(OUTAGE_S)
        relay.is_out = False
        await caller.received("response.done", 20)

    assert understood(caller) == ["What is the capital of France?"]
    assert answers(caller) == [ANSWER]


@pytest.mark.models
@pytest.mark.timeout(200)
async def test_the_real_transcriber_understands_a_sentence_through_5_percent_loss(
    http: aiohttp.ClientSession,
) -> None:
    async with (
        served("--profile", "light", **LOOPBACK) as (url, _),
        lossy_call(http, url, 4, lost=0.05) as (caller, relay),
    ):
        relay.overtaken = 0.02
        await transcribing(caller)
        caller.say(said(QUESTION))
        await caller.received("conversation.item.input_audio_transcription.completed", 60)

    assert relay.n_lost > 0
    assert understood(caller) == ["What is the capital of France?"]
