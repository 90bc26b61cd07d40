"""Transfers of a call that is up (REFER and NOTIFY), in virtual time."""

import asyncio

from aiosipua import SipRequest

from tests.transports.sip.calls import Owner
from tests.transports.sip.peer import Peer, answered
from tests.transports.sip.stories import play
from vivavoce.transports.sip.server import SipServer


def _notify(peer: Peer, fragment: str, state: str) -> SipRequest:
    notify = peer.make("NOTIFY", headers={"Event": "refer", "Subscription-State": state})
    notify.headers.set_single("Content-Type", "message/sipfrag;version=2.0")
    notify.text = fragment
    return notify


def test_a_transfer_is_told_step_by_step() -> None:
    async def story(server: SipServer, peer: Peer, owner: Owner) -> None:
        await answered(peer)
        await owner.next()
        progress = (await owner.call()).refer("tel:+15550100")
        seen: list[tuple[int, bool]] = []

        async def follow() -> None:
            seen.extend([(step.status, step.is_final) async for step in progress])

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(follow())
            refer = await peer.request("REFER")
            peer.send(peer.reply(refer, 202))
            for line, state in (
                ("SIP/2.0 100 Trying", "active;expires=60"),
                ("SIP/2.0 180 Ringing\r\n", "active"),
                ("SIP/2.0 200 OK\r\n", "terminated;reason=noresource"),
            ):
                peer.send(_notify(peer, line, state))
                assert (await peer.response(method="NOTIFY")).status_code == 200

        assert refer.headers.get_first("Refer-To") == "<tel:+15550100>"
        assert seen == [(202, False), (100, False), (180, False), (200, True)]
        peer.send(_notify(peer, "SIP/2.0 200 OK", "terminated"))
        assert (await peer.response(method="NOTIFY")).status_code == 481

    play(story)


def test_a_refused_transfer_a_silent_one_and_one_that_ends_the_call_all_end() -> None:
    async def story(server: SipServer, peer: Peer, owner: Owner) -> None:
        await answered(peer)
        await owner.next()
        call = await owner.call()

        async def follow(status: int, then: str | None = None) -> list[int]:
            async with asyncio.TaskGroup() as tasks:
                seen = tasks.create_task(_statuses(call.refer("sip:bob@127.0.0.1")))
                peer.send(peer.reply(await peer.request("REFER"), status))
                if then is not None:
                    await asyncio.sleep(0.1)
                    peer.send(peer.make(then))
            return seen.result()

        assert await follow(405) == [405]
        assert await follow(202) == [202, 408]
        assert await follow(202, "BYE") == [202]

    play(story)


async def _statuses(progress: object) -> list[int]:
    return [step.status async for step in progress]  # type: ignore[attr-defined]  # any iterator
