"""Transcription sessions with the official Python package, unmodified, against a served double."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from openai import AsyncOpenAI
from openai.resources.realtime.realtime import AsyncRealtimeConnection
from openai.types.realtime import (
    ConversationItemInputAudioTranscriptionCompletedEvent,
    ConversationItemInputAudioTranscriptionDeltaEvent,
    ConversationItemInputAudioTranscriptionSegment,
    RealtimeServerEvent,
    RealtimeTranscriptionSessionCreateRequest,
    SessionCreatedEvent,
)
from openai.types.realtime.realtime_transcription_session_create_request_param import (
    RealtimeTranscriptionSessionCreateRequestParam,
)

from tests.recordings import recording
from tests.served import served
from vivavoce.media.pcm import BYTES_PER_MS, silence

SCRIPT = """
[[turns]]
hears = "Eight of spades, four of clubs."
partials = ["Eight of", "Eight of spades,"]
language = "en"
segments = [
    { text = "Eight of spades,", speaker = "A", start_s = 0.0, end_s = 1.5 },
    { text = "four of clubs.", speaker = "B", start_s = 1.5, end_s = 3.0 },
]

[[turns]]
hears = "Go forward."
"""
PIECE_BYTES = 100 * BYTES_PER_MS
COMPLETED = ConversationItemInputAudioTranscriptionCompletedEvent
DELTA = ConversationItemInputAudioTranscriptionDeltaEvent
SEGMENT = ConversationItemInputAudioTranscriptionSegment

Session = RealtimeTranscriptionSessionCreateRequestParam


@asynccontextmanager
async def server(tmp_path: Path) -> AsyncIterator[AsyncOpenAI]:
    script = tmp_path / "script.toml"
    script.write_text(SCRIPT)
    async with (
        asyncio.timeout(30),
        served("--scripted", str(script), VIVAVOCE_HOME=str(tmp_path)) as (url, _),
        AsyncOpenAI(base_url=url, api_key="any") as client,
    ):
        yield client


@asynccontextmanager
async def transcribing(tmp_path: Path, session: Session) -> AsyncIterator[AsyncRealtimeConnection]:
    async with (
        server(tmp_path) as client,
        client.realtime.connect(extra_query={"intent": "transcription"}) as connection,
    ):
        await connection.session.update(session=session)
        yield connection


async def speak(connection: AsyncRealtimeConnection, name: str) -> None:
    sound = recording(name).data + silence(700).data
    for start in range(0, len(sound), PIECE_BYTES):
        piece = base64.b64encode(sound[start : start + PIECE_BYTES]).decode()
        await connection.input_audio_buffer.append(audio=piece)


async def until_completed(
    connection: AsyncRealtimeConnection, count: int = 1
) -> list[RealtimeServerEvent]:
    events: list[RealtimeServerEvent] = []
    while sum(isinstance(event, COMPLETED) for event in events) < count:
        events.append(await connection.recv())
    return events


async def test_words_come_while_they_are_spoken_and_the_transcript_after_the_turn(
    tmp_path: Path,
) -> None:
    session: Session = {
        "type": "transcription",
        "include": ["item.input_audio_transcription.logprobs"],
        "audio": {
            "input": {
                "transcription": {
                    "model": "gpt-transcribe",
                    "languages": ["en", "de"],
                    "keywords": ["clubs"],
                    "prompt": "A game of cards.",
                }
            }
        },
    }
    async with transcribing(tmp_path, session) as connection:
        await speak(connection, "cards-005")
        events = await until_completed(connection)

    created, completed = events[0], events[-1]
    assert isinstance(created, SessionCreatedEvent)
    assert isinstance(created.session, RealtimeTranscriptionSessionCreateRequest)
    assert isinstance(completed, COMPLETED)
    types = [event.type for event in events]
    assert types.index("conversation.item.input_audio_transcription.delta") < types.index(
        "input_audio_buffer.committed"
    )
    deltas = [event for event in events if isinstance(event, DELTA)]
    assert {delta.item_id for delta in deltas} == {completed.item_id}
    assert "".join(delta.delta or "" for delta in deltas) == completed.transcript
    assert completed.transcript == "Eight of spades, four of clubs."
    assert completed.languages is not None
    assert [language.code for language in completed.languages] == ["en"]
    assert completed.logprobs is not None
    assert completed.logprobs[0].token == "Eight "
    assert completed.usage.type == "tokens"


async def test_the_client_commits_where_turns_are_not_detected(tmp_path: Path) -> None:
    session: Session = {
        "type": "transcription",
        "audio": {
            "input": {
                "transcription": {"model": "gpt-realtime-whisper", "delay": "minimal"},
                "turn_detection": None,
            }
        },
    }
    async with transcribing(tmp_path, session) as connection:
        for name in ("cards-005", "goforward"):
            await speak(connection, name)
            await connection.input_audio_buffer.commit()
        events = await until_completed(connection, 2)

    completed = [event for event in events if isinstance(event, COMPLETED)]
    assert [event.transcript for event in completed] == [
        "Eight of spades, four of clubs.",
        "Go forward.",
    ]
    types = [event.type for event in events]
    assert "input_audio_buffer.speech_started" not in types
    assert types.index("conversation.item.input_audio_transcription.delta") < types.index(
        "input_audio_buffer.committed"
    )


async def test_the_diarizing_model_says_who_spoke(tmp_path: Path) -> None:
    session: Session = {
        "type": "transcription",
        "audio": {"input": {"transcription": {"model": "gpt-4o-transcribe-diarize"}}},
    }
    async with transcribing(tmp_path, session) as connection:
        await speak(connection, "cards-005")
        events = await until_completed(connection)

    said = [event for event in events if isinstance(event, SEGMENT)]
    assert [(segment.speaker, segment.text, segment.start) for segment in said] == [
        ("A", "Eight of spades,", 0.0),
        ("B", "four of clubs.", 1.5),
    ]


async def test_an_ephemeral_key_of_a_transcription_session_starts_one(tmp_path: Path) -> None:
    async with server(tmp_path) as client:
        secret = await client.realtime.client_secrets.create(
            session={
                "type": "transcription",
                "audio": {"input": {"transcription": {"model": "whisper-1"}}},
            }
        )
        async with (
            AsyncOpenAI(base_url=client.base_url, api_key=secret.value) as browser,
            browser.realtime.connect(extra_query={}) as connection,
        ):
            await speak(connection, "goforward")
            events = await until_completed(connection)

    assert secret.session.type == "transcription"
    completed = events[-1]
    assert isinstance(completed, COMPLETED)
    assert completed.usage.type == "duration"


@pytest.mark.parametrize(
    ("transcription", "param"),
    [
        ({"model": "gpt-live-transcribe"}, "session.audio.input.turn_detection"),
        ({"model": "nonsense"}, "session.audio.input.transcription.model"),
    ],
)
async def test_what_cannot_be_had_is_refused_by_name(
    tmp_path: Path, transcription: dict[str, str], param: str
) -> None:
    session = {"type": "transcription", "audio": {"input": {"transcription": transcription}}}
    async with transcribing(tmp_path, session) as connection:  # type: ignore[arg-type]  # wrong on purpose
        while (event := await connection.recv()).type != "error":
            assert event.type == "session.created"

    assert event.error.param == param
