"""What a session is told, and what is done of what it asks for."""

from collections.abc import Iterable

from tests.runtime.fakes import Fakes, ScriptedResponder, ScriptedRules, running
from tests.runtime.sessions import SPEECH, going, nudge, of_kind, real_session, request, rules, told
from vivavoce.core.inputs import (
    AudioHeard,
    ClientSent,
    Input,
    ResponseProgress,
    Tick,
    TokensCounted,
)
from vivavoce.core.outputs import CountTokens, Output, StartResponse
from vivavoce.interfaces import AudioDelta, Finished, ResponseEvent, ResponseRequest, Stream
from vivavoce.media.pcm import silence
from vivavoce.protocol.audio_settings import PcmuFormat
from vivavoce.protocol.client_events import InputAudioBufferAppend, InputAudioBufferCommit
from vivavoce.protocol.extensions import VivavoceTurnTiming
from vivavoce.protocol.response_events import ResponseDone, ResponseOutputAudioDelta
from vivavoce.protocol.server_events import SessionCreated


async def test_speech_is_answered_with_sound() -> None:
    fakes = Fakes()
    session = running(real_session(), fakes)

    async with going(session):
        session.client.send(InputAudioBufferAppend(audio=SPEECH + silence(600).data))
        await session.client.received(SessionCreated)
        await session.client.received(ResponseOutputAudioDelta)
        done = await session.client.received(ResponseDone)

    assert done.response.status == "completed"
    assert fakes.language_model.released == ["sess_1"]


async def test_timing_is_reported_to_a_client_that_asked_for_extensions() -> None:
    session = running(real_session(), Fakes(), reports_timing=True)

    async with going(session):
        session.client.send(InputAudioBufferAppend(audio=SPEECH + silence(600).data))
        timing = await session.client.received(VivavoceTurnTiming)

    steps = {"speech_stopped", "transcript", "response_created", "first_token", "first_audio"}
    assert set(timing.marks) == steps
    assert timing.item_id is not None


async def test_sound_is_cut_and_turned_into_the_format_asked_for() -> None:
    async def one_second(request: ResponseRequest) -> Stream[ResponseEvent]:
        yield AudioDelta(silence(1000).data)
        yield Finished()

    session = rules([[StartResponse(request(), PcmuFormat())]])
    run = running(session, Fakes(ScriptedResponder(one_second)))

    async with going(run):
        nudge(run)
        reports = await told(session, ResponseProgress, count=7)

    sizes = [len(report.event.data) for report in reports if isinstance(report.event, AudioDelta)]
    assert max(sizes) == 1600
    assert sum(sizes) == 8000
    assert reports[-1].event == Finished()


async def test_appended_audio_comes_in_pieces_and_keeps_its_place() -> None:
    session = rules([])
    run = running(session, Fakes())

    async with going(run):
        run.client.send(InputAudioBufferAppend(audio=silence(500).data))
        run.client.send(InputAudioBufferCommit())
        await told(session, ClientSent)

    heard = [len(item.data) // 48 for item in of_kind(session, AudioHeard)]
    assert heard == [200, 200, 100]
    assert isinstance(session.told[-1], ClientSent)


async def test_a_deadline_comes_as_a_tick() -> None:
    def answer(item: Input) -> Iterable[Output]:
        if isinstance(item, Tick):
            session.next_deadline = None
        return ()

    session = ScriptedRules(answer)
    session.next_deadline = 0.0
    run = running(session, Fakes())

    async with going(run):
        await told(session, Tick)

    assert len(of_kind(session, Tick)) == 1


async def test_texts_are_counted_together() -> None:
    fakes = Fakes()
    session = rules([[CountTokens("item_1", "one two"), CountTokens("item_2", "three")]])
    run = running(session, fakes)

    async with going(run):
        nudge(run)
        counts = await told(session, TokensCounted, count=2)

    assert counts == [TokensCounted("item_1", 2), TokensCounted("item_2", 1)]
    assert fakes.language_model.counted == [["one two", "three"]]
