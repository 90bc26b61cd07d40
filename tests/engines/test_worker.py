import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest
import uvloop

from vivavoce.engines.worker import Worker, open_worker
from vivavoce.errors import ConfigError, EngineError

TOY = "tests.engines.toy_host:open_toy"


@pytest.fixture
async def worker() -> AsyncIterator[Worker]:
    async with asyncio.timeout(30), open_worker(TOY, {}, name="toy", max_parallel=2) as toy:
        yield toy


async def test_replies_come_in_order_and_whole(worker: Worker) -> None:
    said = [1, "two", b"\x00three" * 100_000, [4.5, None], {"five": True}]

    heard = [reply async for reply in worker.stream("echo", said)]

    assert heard == said


async def test_a_call_returns_the_last_reply_or_none(worker: Worker) -> None:
    assert await worker.call("echo", [1, 2]) == 2
    assert await worker.call("echo", []) is None


async def test_paths_among_the_settings_arrive_as_text() -> None:
    async with open_worker(TOY, {"model_dir": Path("a/b"), "threads": 2}, name="toy") as worker:
        assert await worker.call("settings", None) == {"model_dir": "a/b", "threads": 2}


async def test_a_worker_runs_at_lower_priority(worker: Worker) -> None:
    ours = os.getpriority(os.PRIO_PROCESS, 0)

    assert await worker.call("niceness", None) == min(ours + 5, 19)


async def test_closing_a_stream_cancels_its_work_and_frees_its_slot(worker: Worker) -> None:
    for _ in range(5):
        async with aclosing(worker.stream("until cancelled", None)) as replies:
            assert await anext(replies) == "started"

    assert await worker.call("echo", ["free"]) == "free"


async def test_calls_beyond_the_slots_wait_their_turn(worker: Worker) -> None:
    streams = [worker.stream("until cancelled", None) for _ in range(2)]
    for stream in streams:
        await anext(stream)

    async with asyncio.TaskGroup() as tasks:
        third = tasks.create_task(worker.call("echo", ["mine"]))
        assert await anext(_first_of(worker)) == "nothing came"
        await streams[0].aclose()
        assert await third == "mine"
    await streams[1].aclose()


async def _first_of(worker: Worker) -> AsyncIterator[str]:
    try:
        async with asyncio.timeout(0.05):
            await worker.call("echo", ["too early"])
        yield "came"
    except TimeoutError:
        yield "nothing came"


async def test_a_worker_is_only_so_far_ahead_of_a_slow_reader(worker: Worker) -> None:
    async with aclosing(worker.stream("count", 1_000)) as replies:
        await anext(replies)
        n_sent = await _settled(worker)
        rest = [reply async for reply in replies]

    assert n_sent <= 17
    assert rest == list(range(1, 1_000))


async def _settled(worker: Worker) -> int:
    before, now = -1, await worker.call("n_sent", None)
    while now < 16 or now != before:
        before, now = now, await worker.call("n_sent", None)
    return int(now)


async def test_an_engine_error_crosses_as_it_is(worker: Worker) -> None:
    with pytest.raises(EngineError, match="no such voice") as caught:
        await worker.call("refuse", None)

    assert caught.value.code == "voice_missing"


async def test_a_bug_of_the_host_costs_one_call(worker: Worker) -> None:
    with pytest.raises(EngineError, match="ValueError: boom") as caught:
        await worker.call("fail", None)

    assert caught.value.code == "engine_failed"
    assert await worker.call("echo", ["alive"]) == "alive"


async def test_death_fails_what_runs_and_the_next_call_starts_it_again(worker: Worker) -> None:
    other = worker.stream("until cancelled", None)
    await anext(other)
    first_pid = worker.pid

    with pytest.raises(EngineError, match="toy worker died") as caught:
        await worker.call("die", None)
    with pytest.raises(EngineError, match="toy worker died"):
        await anext(other)

    assert caught.value.code == "engine_died"
    assert await worker.call("echo", ["again"]) == "again"
    assert worker.pid != first_pid


async def test_ctrl_c_is_for_the_gateway_alone(worker: Worker) -> None:
    os.kill(worker.pid, signal.SIGINT)
    os.kill(worker.pid, signal.SIGTERM)

    assert await worker.call("echo", ["alive"]) == "alive"


async def test_closing_ends_a_busy_worker_at_once() -> None:
    async with asyncio.timeout(5), open_worker(TOY, {}, name="toy") as worker:
        stream = worker.stream("until cancelled", None)
        await anext(stream)

    with pytest.raises(EngineError, match="died"):
        await anext(stream)
    with pytest.raises(ProcessLookupError):
        os.kill(worker.pid, 0)
    with pytest.raises(EngineError, match="closed"):
        await worker.call("echo", [])


async def test_settings_the_host_refuses_are_a_config_error() -> None:
    with pytest.raises(ConfigError, match="model_dir: is no folder"):
        async with open_worker(TOY, {"loads": "badly"}, name="toy"):
            pass


@pytest.mark.parametrize(
    ("loads", "code", "words"),
    [
        ("not", "broken", "the model is broken"),
        ("with a bug", "engine_failed", "RuntimeError: oops"),
        ("and dies", "engine_died", "the toy worker died"),
    ],
)
async def test_a_host_that_does_not_load_is_an_engine_error(
    loads: str, code: str, words: str
) -> None:
    with pytest.raises(EngineError, match=words) as caught:
        async with open_worker(TOY, {"loads": loads}, name="toy"):
            pass

    assert caught.value.code == code


def test_it_works_on_the_loop_the_server_runs_on() -> None:
    async def use() -> object:
        async with asyncio.timeout(30), open_worker(TOY, {}, name="toy") as worker:
            return await worker.call("echo", [b"sound"])

    assert uvloop.run(use()) == b"sound"
