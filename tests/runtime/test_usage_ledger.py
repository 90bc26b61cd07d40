"""Usage, added up in memory and written down together."""

import asyncio
from collections.abc import Sequence

from tests.runtime.fakes import until
from vivavoce.clock import Clock
from vivavoce.core.inputs import SessionOpened
from vivavoce.core.outputs import FeedTranscription, Send
from vivavoce.media.pcm import silence
from vivavoce.protocol.audio_settings import PcmFormat
from vivavoce.protocol.response import (
    InputTokenDetails,
    OutputTokenDetails,
    Response,
    ResponseAudio,
    ResponseAudioOutput,
)
from vivavoce.protocol.response import Usage as ResponseUsage
from vivavoce.protocol.response_events import ResponseDone
from vivavoce.records import Usage, UsagePlace, UsageRecord
from vivavoce.runtime.usage_ledger import UsageLedger


class SetClock(Clock):
    """Stands where it is put."""

    wall_s = 1_769_817_600  # 2026-01-31

    def now(self) -> float:
        return 100.0

    def wall(self) -> int:
        return self.wall_s


class Book:
    """Takes down what is written, or refuses."""

    def __init__(self) -> None:
        self.written: list[Sequence[UsageRecord]] = []
        self.is_full = False

    async def write(self, records: Sequence[UsageRecord]) -> None:
        if self.is_full:
            raise OSError("the disk is full")
        self.written.append(records)


PLACE = UsagePlace("2026-01-31", "desk", "gpt-realtime")
USED = ResponseUsage(
    total_tokens=30,
    input_tokens=20,
    output_tokens=10,
    input_token_details=InputTokenDetails(text_tokens=15, audio_tokens=5, cached_tokens=12),
    output_token_details=OutputTokenDetails(text_tokens=4, audio_tokens=6),
)


def done(usage: ResponseUsage | None) -> Send:
    audio = ResponseAudio(output=ResponseAudioOutput(format=PcmFormat(), voice="alloy"))
    response = Response(
        id="resp_1", status="completed", output_modalities=("audio",), audio=audio, usage=usage
    )
    return Send(ResponseDone(event_id="event", response=response))


async def test_a_session_is_one_record_however_much_happens_in_it() -> None:
    book = Book()
    ledger = UsageLedger(SetClock(), book.write)
    session = ledger.of_session("desk", "gpt-realtime")

    sound = FeedTranscription("item_1", silence(1500).data)
    session.saw(101, SessionOpened(0), [sound, sound, done(USED), done(None)])
    session.ended(160)
    await ledger.write()

    expected = Usage(
        sessions=1,
        responses=2,
        input_tokens=20,
        input_text_tokens=15,
        input_audio_tokens=5,
        cached_tokens=12,
        output_tokens=10,
        output_text_tokens=4,
        output_audio_tokens=6,
        transcribed_s=3.0,
        session_s=60.0,
    )
    assert book.written == [[UsageRecord(place=PLACE, usage=expected)]]


async def test_sound_that_no_answer_followed_is_counted_at_the_end() -> None:
    book = Book()
    ledger = UsageLedger(SetClock(), book.write)
    session = ledger.of_session("desk", "gpt-realtime")

    session.saw(101, SessionOpened(0), [FeedTranscription("item_1", silence(500).data)])
    session.ended(101)
    await ledger.write()

    assert book.written[0][0].usage.transcribed_s == 0.5


async def test_what_is_used_after_midnight_belongs_to_the_next_day() -> None:
    book, clock = Book(), SetClock()
    ledger = UsageLedger(clock, book.write)

    session = ledger.of_session("desk", "gpt-realtime")
    clock.wall_s += 24 * 3600
    session.saw(200, SessionOpened(0), [done(USED)])
    await ledger.write()

    days = {record.place.day: record.usage for record in book.written[0]}
    assert days["2026-01-31"].sessions == 1
    assert days["2026-02-01"].responses == 1


async def test_nothing_is_written_twice_and_nothing_at_all_when_nothing_was_used() -> None:
    book = Book()
    ledger = UsageLedger(SetClock(), book.write)

    await ledger.write()
    ledger.add("desk", "gpt-realtime", Usage(sessions=1))
    await ledger.write()
    await ledger.write()

    assert len(book.written) == 1


async def test_what_the_disk_does_not_take_waits_and_is_added_to() -> None:
    book = Book()
    ledger = UsageLedger(SetClock(), book.write)
    ledger.add("desk", "gpt-realtime", Usage(sessions=1))

    book.is_full = True
    await ledger.write()
    ledger.add("desk", "gpt-realtime", Usage(sessions=2))
    book.is_full = False
    await ledger.write()

    assert [record.usage.sessions for record in book.written[0]] == [3]


async def test_writing_goes_on_until_it_is_cancelled() -> None:
    book = Book()
    ledger = UsageLedger(SetClock(), book.write, every_s=0.01)

    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        task = tasks.create_task(ledger.write_regularly())
        for n_written in (1, 2):
            ledger.add("desk", "gpt-realtime", Usage(sessions=1))
            await until(lambda: len(book.written) == n_written)  # noqa: B023 - awaited here
        task.cancel()

    assert len(book.written) == 2
