"""A transcription session with the real Whisper, through the official Python package."""

import asyncio
import base64

import pytest
from openai import AsyncOpenAI

from tests.recordings import recording
from tests.served import served
from vivavoce.media.pcm import BYTES_PER_MS

pytestmark = [pytest.mark.models, pytest.mark.timeout(150)]

PIECE_MS = 100


async def test_words_come_before_the_commit_and_the_whole_text_after_it() -> None:
    sound = recording("jfk").data[: 6_000 * BYTES_PER_MS]
    types: list[str] = []
    async with (
        served("--profile", "light") as (url, _),
        AsyncOpenAI(base_url=url, api_key="any") as client,
        client.realtime.connect(extra_query={"intent": "transcription"}) as connection,
    ):
        await connection.session.update(
            session={
                "type": "transcription",
                "include": ["item.input_audio_transcription.logprobs"],
                "audio": {
                    "input": {
                        "transcription": {
                            "model": "gpt-realtime-whisper",
                            "languages": ["en", "de"],
                            "keywords": ["fellow Americans"],
                            "delay": "low",
                        },
                        "turn_detection": None,
                    }
                },
            }
        )
        for start in range(0, len(sound), PIECE_MS * BYTES_PER_MS):
            piece = base64.b64encode(sound[start : start + PIECE_MS * BYTES_PER_MS]).decode()
            await connection.input_audio_buffer.append(audio=piece)
            await asyncio.sleep(PIECE_MS / 1000)
        await connection.input_audio_buffer.commit()
        async for event in connection:
            types.append(event.type)
            if event.type == "conversation.item.input_audio_transcription.completed":
                break

    assert event.type == "conversation.item.input_audio_transcription.completed"
    assert "my fellow Americans" in event.transcript
    assert event.logprobs
    assert all(-20 < entry.logprob <= 0 for entry in event.logprobs)
    assert types.index("conversation.item.input_audio_transcription.delta") < types.index(
        "input_audio_buffer.committed"
    )
    assert "error" not in types
