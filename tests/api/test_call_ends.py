"""How calls over real sockets end, and what is left of them."""

import asyncio

import msgspec

from tests.api.called import (
    GA,
    KEYED,
    called,
    fakes,
    until_over,
)
from tests.api.server import served


async def test_a_hang_up_ends_the_call_at_once() -> None:
    async with served(fakes=fakes(), keys=("sk-1", "sk-2")) as server, called(server) as caller:
        address = f"{server.url}{GA}/{caller.call_id}/hangup"
        stranger = {"Authorization": "Bearer sk-2"}
        async with server.http.post(address, headers=stranger) as answer:
            assert answer.status == 404
        async with server.http.post(address, headers=KEYED) as answer:
            assert (answer.status, await answer.read()) == (200, b"")
        async with asyncio.timeout(2):
            await caller.is_closed.wait()
        await until_over(server)
        async with server.http.post(address, headers=KEYED) as answer:
            assert answer.status == 404
            assert (await answer.json())["error"]["code"] == "call_id_not_found"


async def test_a_caller_who_leaves_ends_the_call_at_once() -> None:
    async with served(fakes=fakes()) as server:
        async with called(server) as caller:
            caller.send({"type": "response.create"})
            await caller.received("output_audio_buffer.started")
            caller.connection.close()
            await until_over(server, 1)
        assert not any(server.gateway.pacer._phases)
        assert server.gateway.directory.has_room


async def test_a_channel_that_is_closed_ends_the_call_at_once() -> None:
    async with served(fakes=fakes()) as server, called(server) as caller:
        assert caller.channel is not None
        caller.channel.close()
        await until_over(server, 1)


async def test_a_server_that_ends_says_goodbye_to_its_calls() -> None:
    async with served(fakes=fakes()) as server, called(server) as caller:
        await server.gateway.directory.drain(0)
        async with asyncio.timeout(2):
            await caller.is_closed.wait()


async def test_the_last_words_are_sent_before_the_end() -> None:
    async with served(fakes=fakes()) as server:
        server.gateway.options = msgspec.structs.replace(server.gateway.options, max_duration_s=0.5)
        async with called(server) as caller:
            error = (await caller.received("error"))["error"]
            assert isinstance(error, dict)
            assert error["code"] == "session_expired"
            async with asyncio.timeout(2):
                await caller.is_closed.wait()


async def test_everything_of_a_call_is_freed_at_its_end() -> None:
    async with served(fakes=fakes()) as server:
        n_tasks: list[int] = []
        for _ in range(3):
            async with called(server) as caller:
                await caller.received("session.created")
            await until_over(server)
            n_tasks.append(len(asyncio.all_tasks()))
        assert n_tasks == [n_tasks[0]] * 3
