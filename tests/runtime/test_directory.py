import asyncio
from dataclasses import dataclass, field

from vivavoce.interfaces import Transport
from vivavoce.runtime.directory import Directory, Joinable


@dataclass
class Stopped:
    """Notes how it was stopped."""

    stops: list[tuple[int, bool]] = field(default_factory=list)
    has_room_for_sideband: bool = True

    def stop(self, code: int, reason: str, *, after_answers: bool = False) -> None:
        self.stops.append((code, after_answers))

    async def attach(self, transport: Transport, *, extensions: bool = False) -> None: ...

    async def resume(self, transport: Transport, after: str) -> None: ...


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


def test_a_session_is_found_by_either_id_and_by_its_token_while_it_lives() -> None:
    directory, session = Directory(1), Stopped()
    joinable = Joinable(owner="key_1", call_id="rtc_1", resume_token="resume_1")

    with directory.listed("sess_1", session, joinable):
        found = [directory.find(name, "key_1") for name in ("sess_1", "rtc_1", "resume_1")]
        by_token = [directory.find_by_token(name, "key_1") for name in ("resume_1", "sess_1")]

    assert found == [session, session, None]
    assert by_token == [session, None]
    assert directory.find("sess_1", "key_1") is None
    assert directory.find("rtc_1", "key_1") is None
    assert directory.find_by_token("resume_1", "key_1") is None


def test_a_session_is_found_by_the_key_that_began_it_and_by_no_other() -> None:
    directory, session = Directory(1), Stopped()

    with directory.listed("sess_1", session, Joinable(owner="key_1", resume_token="resume_1")):
        found = [directory.find("sess_1", owner) for owner in ("key_2", None)]
        by_token = [directory.find_by_token("resume_1", owner) for owner in ("key_2", None)]

    assert found == by_token == [None, None]


def test_a_session_that_takes_no_other_connections_is_not_found() -> None:
    directory = Directory(1)

    with directory.listed("sess_1", Stopped()):
        assert directory.find("sess_1", None) is None
