"""Has a speech server make a voice from a recording, with the speaker's recorded consent.

Source: the addresses `/audio/voice_consents` and `/audio/voices` of the OpenAI API.
"""

from collections.abc import Mapping
from pathlib import Path

import aiohttp
from msgspec import Struct

from vivavoce.engines.http_client import HttpClient, decoded, open_client, parse_endpoint
from vivavoce.engines.synthesizers.openai_http import Options
from vivavoce.errors import ConfigError

MAX_RECORDING_BYTES = 10 * 1024 * 1024
CONTENT_TYPES = {
    ".wav": "audio/wav",
    ".mp3": "audio/mpeg",
    ".flac": "audio/flac",
    ".ogg": "audio/ogg",
    ".m4a": "audio/mp4",
    ".webm": "audio/webm",
    ".aac": "audio/aac",
}


class _Made(Struct, frozen=True):
    id: str


async def add_voice(
    settings: Mapping[str, object], name: str, recording: Path, consent: Path, language: str
) -> str:
    """Make a voice and return its id, for `audio.output.voice: {"id": ...}`.

    Args:
        settings: of the synthesizer, as configured; it must be a server with custom voices.
        name: what the server shall call the voice.
        recording: a sound file of the speaker, at most 10 MiB.
        consent: a sound file in which the same speaker reads the phrase of consent.
        language: of that phrase, BCP 47, such as `en-US`.

    Raises:
        ConfigError: a file can't be used, or the synthesizer knows no custom voices.
        EngineError: the server refused or failed.
    """
    endpoint, options = parse_endpoint(settings, Options)
    if not options.custom_voices:
        raise ConfigError("set it to true for a server that makes voices", path="custom_voices")
    sample, agreed = _read(recording, "recording"), _read(consent, "consent")
    async with open_client(endpoint, "speech server") as client:
        given = {"name": name, "language": language}
        consent_id = await _post(client, "/audio/voice_consents", given, "recording", agreed)
        given = {"name": name, "consent": consent_id}
        return await _post(client, "/audio/voices", given, "audio_sample", sample)


async def _post(
    client: HttpClient, path: str, fields: Mapping[str, str], file_field: str, file: "_File"
) -> str:
    def fill(form: aiohttp.FormData) -> None:
        for name, value in fields.items():
            form.add_field(name, value)
        form.add_field(file_field, file.data, filename=file.name, content_type=file.content_type)

    async with client.post_form(path, fill) as response:
        return decoded(await response.read(), _Made, client).id


class _File(Struct, frozen=True):
    name: str
    content_type: str
    data: bytes


def _read(path: Path, what: str) -> _File:
    content_type = CONTENT_TYPES.get(path.suffix.lower())
    if content_type is None:
        names = ", ".join(CONTENT_TYPES)
        raise ConfigError(f"{path.name} is none of {names}", path=what)
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = error.strerror or error
        raise ConfigError(f"can't read {path}: {reason}", path=what) from error
    if len(data) > MAX_RECORDING_BYTES:
        raise ConfigError(f"{path.name} is larger than 10 MiB", path=what)
    return _File(path.name, content_type, data)
