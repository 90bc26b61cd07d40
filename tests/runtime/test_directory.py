import asyncio
from dataclasses import dataclass, field

from vivavoce.runtime.directory import Directory


@dataclass
class Stopped:
    """Notes how it was stopped."""

    stops: list[tuple[int, bool]] = field(default_factory=list)

    def stop(self, code: int, reason: str, *, after_answers: bool = False) -> None:
        self.stops.append((code, after_answers))


def test_a_place_is_taken_from_before_the_handshake_to_the_end() -> None:
    directory = Directory(max_sessions=1)

    with directory.place():
        had_room_within = directory.has_room

    assert (had_room_within, directory.has_room) == (False, True)


async def test_draining_asks_politely_first_and_then_no_more() -> None:
    directory = Directory(max_sessions=1)
    session = Stopped()

    with directory.listed("sess_1", session):
        async with asyncio.TaskGroup() as tasks:
            drain = tasks.create_task(directory.drain(0.01))
            while len(session.stops) < 2:  # noqa: ASYNC110 - what is waited for has no event
                await asyncio.sleep(0)
            drain.cancel()

    assert session.stops == [(1001, True), (1001, False)]


async def test_a_session_that_comes_during_the_drain_is_stopped_at_once() -> None:
    directory = Directory(max_sessions=1)
    await directory.drain(1.0)
    session = Stopped()

    with directory.listed("sess_1", session):
        pass

    assert session.stops == [(1001, False)]
    assert not directory.has_room
