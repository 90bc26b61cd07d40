"""Voices made from recordings: only with the speaker's consent, and only where a server can."""

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from vivavoce.engines.synthesizers.custom_voices import add_voice
from vivavoce.engines.synthesizers.openai_http import open_engine
from vivavoce.errors import ConfigError, EngineError
from vivavoce.testing.http_engines import HttpRequests, HttpScript, http_engines


def sound(folder: Path, name: str) -> Path:
    path = folder / name
    path.write_bytes(b"RIFF....WAVE")
    return path


async def test_the_consent_goes_first_and_the_voice_refers_to_it(tmp_path: Path) -> None:
    requests = HttpRequests()
    async with http_engines(requests=requests) as url:
        settings = {"base_url": url, "model": "m", "custom_voices": True}
        voice_id = await add_voice(
            settings, "Ada", sound(tmp_path, "ada.wav"), sound(tmp_path, "agreed.mp3"), "en-GB"
        )

    consent, voice = requests.bodies
    assert voice_id == "voice_1"
    assert consent == {"name": "Ada", "language": "en-GB", "recording": 12}
    assert voice == {"name": "Ada", "consent": "cons_1", "audio_sample": 12}


async def test_a_server_without_custom_voices_is_not_asked(tmp_path: Path) -> None:
    wav = sound(tmp_path, "ada.wav")
    with pytest.raises(ConfigError, match="custom_voices"):
        await add_voice({"base_url": "http://127.0.0.1:1/v1", "model": "m"}, "Ada", wav, wav, "en")


@pytest.mark.parametrize(
    ("recording", "reason"), [("ada.txt", "none of"), ("missing.wav", "can't read")]
)
async def test_a_file_that_is_no_recording_is_named(
    tmp_path: Path, recording: str, reason: str
) -> None:
    (tmp_path / "ada.txt").write_text("no sound")
    wav = sound(tmp_path, "ada.wav")
    settings = {"base_url": "http://127.0.0.1:1/v1", "model": "m", "custom_voices": True}
    with pytest.raises(ConfigError, match=reason):
        await add_voice(settings, "Ada", tmp_path / recording, wav, "en")


async def test_a_server_that_is_not_there_is_an_engine_error(tmp_path: Path) -> None:
    wav = sound(tmp_path, "ada.wav")
    settings = {"base_url": "http://127.0.0.1:1/v1", "model": "m", "custom_voices": True}
    with pytest.raises(EngineError, match="can't be reached"):
        await add_voice(settings, "Ada", wav, wav, "en")


@pytest.mark.parametrize(
    ("custom_voices", "asked"), [(True, {"id": "voice_1"}), (False, "voice_1")]
)
async def test_the_id_of_a_custom_voice_is_passed_on_as_one(
    custom_voices: bool, asked: object
) -> None:
    requests = HttpRequests()
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(
            http_engines(HttpScript(first_audio_ms=0), requests=requests)
        )
        synthesizer = await stack.enter_async_context(
            open_engine({"base_url": url, "model": "m", "custom_voices": custom_voices})
        )
        _ = [pcm async for pcm in synthesizer.synthesize("Hi.", "voice_1", 1.0)]
    assert requests.bodies[0]["voice"] == asked
