"""A translation session run by the runner: order, failures, stalls, goodbye."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from msgspec import structs

from tests.runtime.fakes import Fakes
from vivavoce.clock import Clock
from vivavoce.core.translation import TranslationRules
from vivavoce.core.translation_options import TranslationOptions
from vivavoce.ids import counting_ids
from vivavoce.protocol.client_events import (
    SessionClose,
    SessionInputAudioBufferAppend,
    TranslationUpdate,
)
from vivavoce.protocol.server_events import (
    ErrorEvent,
    SessionClosed,
    SessionInputTranscriptDelta,
    SessionOutputAudioDelta,
    SessionOutputTranscriptDelta,
)
from vivavoce.protocol.session import (
    TranslationAudioUpdate,
    TranslationInputUpdate,
    TranslationSessionUpdate,
    TranslationTranscription,
)
from vivavoce.runtime.prepared_room import PreparedRoom
from vivavoce.runtime.runner import SessionRunner
from vivavoce.runtime.settings import RunnerSettings
from vivavoce.testing.engines import Answer, Fault, ScriptedInterpreter
from vivavoce.testing.transport import MemoryClient, memory_pair

LOUD = SessionInputAudioBufferAppend(audio=b"\x00\x40" * 24_000)
QUIET = SessionInputAudioBufferAppend(audio=bytes(48_000))
TRANSCRIBE = TranslationUpdate(
    session=TranslationSessionUpdate(
        audio=TranslationAudioUpdate(
            input=TranslationInputUpdate(transcription=TranslationTranscription(model="whisper-1"))
        )
    )
)


@asynccontextmanager
async def translating(
    *answers: Answer, settings: RunnerSettings | None = None
) -> AsyncIterator[tuple[MemoryClient, SessionRunner]]:
    interpreter = ScriptedInterpreter(lambda number, _language: answers[number - 1])
    transport, client = memory_pair()
    runner = SessionRunner(
        transport,
        structs.replace(Fakes().engines(), interpreter=interpreter),
        TranslationRules(TranslationOptions(), new_id=counting_ids()),
        Clock(),
        settings or RunnerSettings(),
        [],
        new_id=counting_ids(),
        prepared_room=PreparedRoom(0),
    )
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(runner.run())
        yield client, runner
        await running


async def test_utterances_are_translated_in_order_and_the_session_says_goodbye() -> None:
    async with translating(Answer(text="One."), Answer(text="Two.")) as (client, _):
        for event in (TRANSCRIBE, LOUD, QUIET, LOUD, SessionClose()):
            client.send(event)
        await client.received(SessionClosed)

    said = [e.delta for e in client.events if isinstance(e, SessionOutputTranscriptDelta)]
    heard = [e.delta for e in client.events if isinstance(e, SessionInputTranscriptDelta)]
    sound = [e for e in client.events if isinstance(e, SessionOutputAudioDelta)]
    assert said == ["One.", " Two."]
    assert heard == ["hello there", " hello there"]
    assert {len(event.delta) for event in sound} == {9_600}
    assert client.close_code == 1000


async def test_a_failure_costs_one_utterance() -> None:
    broken = Answer(text="One.", fault=Fault(kind="fail"))
    async with translating(broken, Answer(text="Two.")) as (client, _):
        for event in (LOUD, QUIET, LOUD, SessionClose()):
            client.send(event)
        error = await client.received(ErrorEvent)
        said = await client.received(SessionOutputTranscriptDelta)

    assert (error.error.type, error.error.code) == ("server_error", "engine_error")
    assert said.delta == "Two."


async def test_a_stall_costs_one_utterance() -> None:
    stuck = Answer(text="One.", fault=Fault(kind="stall"))
    settings = RunnerSettings(engine_stall_s=0.05)
    async with translating(stuck, Answer(text="Two."), settings=settings) as (client, _):
        for event in (LOUD, QUIET, LOUD, SessionClose()):
            client.send(event)
        error = await client.received(ErrorEvent)
        said = await client.received(SessionOutputTranscriptDelta)

    assert error.error.code == "engine_stalled"
    assert said.delta == "Two."


async def test_a_server_that_ends_lets_the_utterance_be_said() -> None:
    async with translating(Answer(text="One. Two. Three.")) as (client, runner):
        client.send(LOUD)
        client.send(QUIET)
        await client.received(SessionOutputTranscriptDelta)
        runner.stop(1001, "The server is shutting down.", after_answers=True)

    said = [e.delta for e in client.events if isinstance(e, SessionOutputTranscriptDelta)]
    assert "".join(said) == "One. Two. Three."
    assert client.close_code == 1001
