import io
import wave
from contextlib import AsyncExitStack, aclosing

import numpy as np
import pytest

from tests.engines.raw_http import answering, chunked, whole
from vivavoce.engines.synthesizers.openai_http import open_engine
from vivavoce.errors import EngineError
from vivavoce.media.pcm import Pcm
from vivavoce.testing.http_engines import HttpRequests, HttpScript, http_engines
from vivavoce.testing.script import Voice, speech

SAMPLES = np.arange(-500, 500, dtype="<i2").tobytes()


def wav(samples: bytes, rate_hz: int = 24_000, n_channels: int = 1) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(n_channels)
        writer.setsampwidth(2)
        writer.setframerate(rate_hz)
        writer.writeframes(samples)
    return file.getvalue()


async def spoken(answer: bytes, **settings: object) -> bytes:
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(answering(answer))
        synthesizer = await stack.enter_async_context(
            open_engine({"base_url": url, "model": "m", **settings})
        )
        pieces = [pcm async for pcm in synthesizer.synthesize("Hi.", "alloy", 1.0)]
    assert all(pcm.rate_hz == 24_000 for pcm in pieces)
    assert not any(len(pcm.data) % 2 for pcm in pieces)
    return b"".join(pcm.data for pcm in pieces)


@pytest.mark.parametrize("size", [1, 3, 100, 10_000])
async def test_half_samples_are_carried_over(size: int) -> None:
    pieces = [SAMPLES[place : place + size] for place in range(0, len(SAMPLES), size)]

    assert await spoken(chunked(b"audio/pcm", *pieces)) == SAMPLES


@pytest.mark.parametrize("size", [1, 50, 10_000])
async def test_a_wav_is_read_as_it_comes(size: int) -> None:
    sound = wav(SAMPLES) + b"LIST\x04\x00\x00\x00abcd"
    pieces = [sound[place : place + size] for place in range(0, len(sound), size)]

    found = await spoken(chunked(b"audio/wav", *pieces), response_format="wav")

    assert found == SAMPLES


async def test_a_wav_of_unknown_length_lasts_until_its_end() -> None:
    sound = wav(SAMPLES).replace(b"data\xd0\x07\x00\x00", b"data\xff\xff\xff\xff")

    assert await spoken(chunked(b"audio/wav", sound), response_format="wav") == SAMPLES


async def test_two_channels_are_mixed() -> None:
    both = np.array([[100, 300], [-4, -8]], "<i2").tobytes()

    found = await spoken(chunked(b"audio/wav", wav(both, n_channels=2)), response_format="wav")

    assert np.frombuffer(found, "<i2").tolist() == [200, -6]


@pytest.mark.parametrize(
    ("answer", "settings"),
    [
        (chunked(b"audio/wav", wav(SAMPLES, 12_000)), {"response_format": "wav"}),
        (chunked(b"audio/pcm", SAMPLES), {"pcm_rate_hz": 12_000}),
    ],
)
async def test_other_rates_are_resampled(answer: bytes, settings: dict[str, object]) -> None:
    found = await spoken(answer, **settings)

    assert len(found) == pytest.approx(2 * len(SAMPLES), abs=100)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (whole("200 OK", b'{"error": "no"}'), "sent application/json in place of samples"),
        (chunked(b"audio/mpeg", b"ID3"), "sent audio/mpeg in place of samples"),
        (whole("500 Internal Server Error", b"oh"), "answered 500 Internal Server Error: oh"),
        (chunked(b"audio/wav", b"no WAV at all"), "no usable WAV: it does not begin like one"),
        (chunked(b"audio/wav", b"RIFF"), "no usable WAV: it ended within its header"),
        (chunked(b"audio/wav", SAMPLES, ends=False), "does not begin like one"),
        (
            chunked(b"audio/wav", wav(SAMPLES).replace(b"\x02\x00\x10\x00", b"\x03\x00\x18\x00")),
            "format 1, 24 bits, 1 channels",
        ),
        (
            chunked(b"audio/wav", b"RIFF1234WAVE" + b"junk\xff\xff\x01\x00"),
            "its samples never begin",
        ),
        (chunked(b"audio/wav", b"RIFF1234WAVEdata1234"), "it does not say its format"),
    ],
)
async def test_what_is_no_sound_is_an_engine_error(answer: bytes, reason: str) -> None:
    with pytest.raises(EngineError, match=reason):
        await spoken(answer, response_format="wav")


async def test_sound_that_breaks_off_is_an_engine_error() -> None:
    with pytest.raises(EngineError, match="broke off"):
        await spoken(chunked(b"audio/pcm", SAMPLES, ends=False))


async def test_voice_and_speed_are_passed_on() -> None:
    requests = HttpRequests()
    voice = Voice(word_ms=100)
    script = HttpScript(first_audio_ms=0, voice=voice)
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(http_engines(script, requests=requests))
        settings = {"base_url": url, "model": "m", "voices": {"alloy": "af_heart"}}
        synthesizer = await stack.enter_async_context(open_engine(settings))
        sound = [pcm async for pcm in synthesizer.synthesize("Hi you.", "alloy", 1.25)]

    assert synthesizer.voices == ("alloy",)
    assert b"".join(pcm.data for pcm in sound) == speech("Hi you.", voice, 1.25)
    assert requests.bodies == [
        {
            "model": "m",
            "input": "Hi you.",
            "voice": "af_heart",
            "response_format": "pcm",
            "speed": 1.25,
        }
    ]


async def test_closing_the_speech_closes_the_connection_at_once() -> None:
    requests = HttpRequests()
    script = HttpScript(first_audio_ms=0, piece_ms=60_000)
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(http_engines(script, requests=requests))
        synthesizer = await stack.enter_async_context(open_engine({"base_url": url, "model": "m"}))
        async with aclosing(synthesizer.synthesize("Hi you.", "alloy", 1.0)) as stream:
            assert isinstance(await anext(stream), Pcm)
        await requests.all_ended()

    assert requests.n_cut == 1
