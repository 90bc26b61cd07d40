"""The sound of calls over real sockets: both ways, and told of as it is played."""

import asyncio

import pytest

from tests.api.called import (
    called,
    fakes,
    hum,
)
from tests.api.server import served
from tests.rtc_client import (
    Caller,
    frequency,
    new_caller,
    tone,
)
from vivavoce.interfaces import (
    AudioDelta,
    Finished,
    ResponseEvent,
    ResponseRequest,
    Stream,
    TextDelta,
)


@pytest.mark.parametrize("codec", ["opus", "PCMU", "PCMA"])
async def test_sound_goes_both_ways(codec: str) -> None:
    caller = new_caller()
    prefer(caller, codec)
    engines = fakes()
    async with served(fakes=engines) as server, called(server, caller=caller):
        assert f" {codec}/" in caller.answer
        assert caller.streams  # pages play `event.streams[0]`
        caller.say(tone(440, 0.6))
        await caller.received("input_audio_buffer.speech_started")
        await caller.received("input_audio_buffer.speech_stopped")
        heard = b"".join(audio.data for audio in engines.heard)
        assert loudest_hz(heard) == pytest.approx(440, abs=5)
        assert frequency(await caller.hears(0.5)) == pytest.approx(1_000, abs=5)
        kinds = {event["type"] for event in caller.seen}
        assert "response.output_audio.delta" not in kinds


async def test_playback_is_told_from_its_beginning_to_its_end() -> None:
    engines = fakes()

    async def short(request: ResponseRequest) -> Stream[ResponseEvent]:
        yield TextDelta("Hi.")
        yield AudioDelta(hum(0.4))
        yield Finished()

    engines.responder.script = short
    async with served(fakes=engines) as server, called(server) as caller:
        caller.send({"type": "response.create"})
        await caller.received("output_audio_buffer.started")
        await caller.received("output_audio_buffer.stopped")
        assert caller.loud_ms() == pytest.approx(400, abs=100)
        kinds = [event["type"] for event in caller.seen]
        assert kinds.index("response.done") < kinds.index("output_audio_buffer.stopped")


async def test_speech_stops_the_answer_and_truncates_its_item_to_what_was_played() -> None:
    async with served(fakes=fakes()) as server, called(server) as caller:
        caller.send({"type": "response.create"})
        await caller.hears(0.6)
        n_before = len(caller.seen)
        caller.say(tone(440, 0.4))
        truncated = await caller.received("conversation.item.truncated")
        await caller.received("input_audio_buffer.speech_stopped")
        kinds = [event["type"] for event in caller.seen[n_before:]]
        order = [
            "input_audio_buffer.speech_started",
            "output_audio_buffer.cleared",
            "conversation.item.truncated",
        ]
        assert [kind for kind in kinds if kind in order] == order
        assert truncated["audio_end_ms"] == pytest.approx(caller.loud_ms(), abs=100)
        assert "output_audio_buffer.stopped" not in kinds


async def test_the_client_stops_the_playback() -> None:
    async with served(fakes=fakes()) as server, called(server) as caller:
        caller.send({"type": "response.create"})
        await caller.hears(0.4)
        caller.send({"type": "output_audio_buffer.clear"})
        await caller.received("output_audio_buffer.cleared")
        truncated = await caller.received("conversation.item.truncated")
        await asyncio.sleep(0.3)  # what is still on its way
        assert truncated["audio_end_ms"] == pytest.approx(caller.loud_ms(), abs=100)


async def test_an_answer_beside_the_conversation_is_played_after_the_one_before() -> None:
    engines = fakes()

    async def short(request: ResponseRequest) -> Stream[ResponseEvent]:
        hz = 500 if request.prompt.out_of_band else 1_000
        yield TextDelta("Hi.")
        yield AudioDelta(hum(0.6, hz))
        yield Finished()

    engines.responder.script = short
    async with served(fakes=engines) as server, called(server) as caller:
        caller.send({"type": "response.create"})
        caller.send({"type": "response.create", "response": {"conversation": "none"}})
        sound = await caller.hears(1.2)
        first, second = sound[: 48_000 * 2 // 2], sound[-48_000 * 2 // 2 :]
        assert frequency(first) == pytest.approx(1_000, abs=5)
        assert frequency(second) == pytest.approx(500, abs=5)
        for kind in ("started", "stopped", "started", "stopped"):
            await caller.received(f"output_audio_buffer.{kind}")


def prefer(caller: Caller, codec: str) -> None:
    import webrtc

    capabilities = webrtc.RTCRtpSender.get_capabilities("audio")
    assert capabilities is not None
    chosen = [
        one for one in capabilities.codecs if one.mime_type.lower() == f"audio/{codec}".lower()
    ]
    caller.connection.get_transceivers()[0].set_codec_preferences(chosen)


def loudest_hz(sound: bytes) -> float:
    """Return the strongest frequency of 24 kHz sound."""
    return frequency(sound) / 2
