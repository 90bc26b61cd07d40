"""Calls from a telephone, over real sockets, with engines that do as they are told."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

import msgspec
import pytest
from openai import AsyncOpenAI, NotFoundError

from tests.api.office import Office, opened_office
from tests.api.server import Event, Socket
from tests.phone import PhoneCall, calling
from tests.recordings import recording
from tests.transports.sip.peer import Peer
from vivavoce.api.telephone import AutoAnswer
from vivavoce.core.options import SessionOptions
from vivavoce.protocol.session import RealtimeSessionUpdate
from vivavoce.store.webhooks import list_deliveries
from vivavoce.transports.sip.events import Answered, Ended

STORY: Event = {"type": "response.create", "response": {"instructions": "Tell a story."}}


@asynccontextmanager
async def conversation(
    options: SessionOptions | None = None,
) -> AsyncIterator[tuple[Office, PhoneCall, str, Socket]]:
    """An accepted call with a sideband, which has been greeted."""
    async with opened_office(options=options) as office, calling(office.uri) as phone:
        call_id = await office.accepted()
        async with office.server.socket(f"call_id={call_id}") as sideband:
            await sideband.received("session.created")
            await phone.happened(Answered)
            yield office, phone, call_id, sideband


async def test_a_call_is_told_accepted_spoken_with_and_hung_up() -> None:
    async with conversation() as (office, phone, call_id, sideband):
        phone.say(recording("goforward").data)
        await sideband.received("input_audio_buffer.speech_started")
        response: Any = (await sideband.received("response.done"))["response"]
        await phone.heard_sound(0.5)
        assert await office.ask(call_id, "hangup") == (200, {})
        assert (await sideband.closed())[0] == 1000
        assert await phone.happened(Ended) == Ended("bye")

    assert response["output"][0]["content"][0]["transcript"] == "Going forward, ten meters."


async def test_the_application_is_told_the_headers_in_their_order_without_passwords() -> None:
    headers = {"X-Account": "42", "Authorization": "Digest x", "Proxy-Authorization": "Digest y"}
    async with opened_office() as office:
        host, port = office.uri.partition("@")[2].split(":")
        async with Peer((host, int(port))) as peer:
            invite = peer.invite(headers=headers)
            event = await office.incoming()

    sent = [(header.name, header.value) for header in event.data.sip_headers]
    assert event.data.call_id.startswith("rtc_")
    assert event.data.sip_media_security == "rtp"
    assert sent[:4] == [
        (name, invite.headers.get_first(name)) for name in ("Via", "Max-Forwards", "From", "To")
    ]
    assert ("X-Account", "42") in sent
    assert not any("authorization" in name.lower() for name, _ in sent)


async def test_the_official_client_controls_a_call() -> None:
    async with opened_office() as office, calling(office.uri) as phone, AsyncExitStack() as stack:
        client = AsyncOpenAI(api_key="any", base_url=f"{office.server.url}/v1", max_retries=0)
        await stack.enter_async_context(client)
        call_id = (await office.incoming()).data.call_id
        await client.realtime.calls.accept(
            call_id,
            type="realtime",
            model="gpt-realtime",
            instructions="Be brief.",
            audio={"input": {"format": {"type": "audio/pcmu"}}},
        )
        async with office.server.socket(f"call_id={call_id}") as sideband:
            session: Any = (await sideband.receive())["session"]
        await client.realtime.calls.hangup(call_id)
        await phone.happened(Ended)
        with pytest.raises(NotFoundError):
            await client.realtime.calls.hangup(call_id)

    assert session["instructions"] == "Be brief."
    assert session["audio"]["input"]["format"] == {"type": "audio/pcmu"}


async def test_an_accepted_call_cannot_be_taken_again() -> None:
    async with opened_office() as office, calling(office.uri):
        call_id = await office.accepted()
        accepted, error = await office.ask(call_id, "accept", {"type": "realtime"})
        rejected, _ = await office.ask(call_id, "reject")

    assert (accepted, error["code"], rejected) == (409, "call_in_progress", 409)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, None),
        ({"type": "transcription"}, "type"),
        ({"type": "realtime", "voice": "alloy"}, "voice"),
        ({"type": "realtime", "temperature": 0.8}, "temperature"),
        ({"type": "realtime", "model": "gpt-2"}, "model"),
        ({"type": "realtime", "audio": {"output": {"voice": "nobody"}}}, "audio.output.voice"),
    ],
)
async def test_what_cannot_be_had_is_refused_and_the_call_rings_on(
    body: dict[str, object], param: str | None
) -> None:
    async with opened_office() as office, calling(office.uri) as phone:
        call_id = (await office.incoming()).data.call_id
        status, error = await office.ask(call_id, "accept", body)
        assert status == (404 if param == "model" else 400)
        assert error["param"] == param
        assert await office.ask(call_id, "accept", {"type": "realtime"}) == (200, {})
        await phone.happened(Answered)


@pytest.mark.parametrize(("body", "status"), [(None, 603), ({"status_code": 486}, 486)])
async def test_a_rejected_call_ends_with_the_status_that_was_asked_for(
    body: object, status: int
) -> None:
    async with opened_office() as office, calling(office.uri) as phone:
        call_id = (await office.incoming()).data.call_id
        assert await office.ask(call_id, "reject", body) == (200, {})
        assert await phone.happened(Ended) == Ended("refused", status)
        status_after, _ = await office.ask(call_id, "accept", {"type": "realtime"})

    assert status_after == 404


@pytest.mark.parametrize(
    ("what", "body", "status"),
    [
        ("accept", {"type": "realtime"}, 404),
        ("reject", None, 404),
        ("hangup", None, 404),
        ("refer", {"target_uri": "tel:+15550100"}, 404),
        ("refer", {}, 400),
        ("refer", {"target_uri": "https://example.com"}, 400),
        ("refer", {"target_uri": "sip:a@b>\r\nX: y"}, 400),
        ("reject", {"status_code": 200}, 400),
        ("reject", {"status_code": 700}, 400),
    ],
)
async def test_a_call_that_is_not_there_is_not_found(what: str, body: object, status: int) -> None:
    async with opened_office() as office:
        answered, _ = await office.ask("rtc_unknown", what, body)

    assert answered == status


async def test_only_standard_keys_control_calls_and_only_the_own_ones() -> None:
    async with opened_office(keys=("one", "two")) as office, calling(office.uri):
        call_id = (await office.incoming()).data.call_id
        body = {"type": "realtime"}
        wrong, _ = await office.ask(call_id, "accept", body, key="three")
        right, _ = await office.ask(call_id, "accept", body, key="two")
        late, _ = await office.ask(call_id, "accept", body, key="one")
        foreign = [
            (await office.ask(call_id, what, sent, key="one"))[0]
            for what, sent in (("hangup", None), ("refer", {"target_uri": "tel:1"}))
        ]
        own, _ = await office.ask(call_id, "hangup", key="two")

    assert (wrong, right, late, foreign, own) == (401, 200, 409, [404, 404], 200)


async def test_a_call_that_nobody_answers_ends_with_480() -> None:
    async with opened_office(answer_within_s=0.2) as office, calling(office.uri) as phone:
        call_id = (await office.incoming()).data.call_id
        assert await phone.happened(Ended) == Ended("refused", 480)
        status, _ = await office.ask(call_id, "accept", {"type": "realtime"})

    assert status == 404


async def test_a_ringing_call_can_be_hung_up() -> None:
    async with opened_office() as office, calling(office.uri) as phone:
        call_id = (await office.incoming()).data.call_id
        assert await office.ask(call_id, "hangup") == (200, {})
        assert await phone.happened(Ended) == Ended("refused", 480)


async def test_a_caller_who_gives_up_is_not_told_of_any_more() -> None:
    async with opened_office(webhook_statuses=(500,), wait_s=lambda attempts: 3600.0) as office:
        async with calling(office.uri):
            event = await office.incoming()
        await office.receiver.received(2)
        kept = await office.server.gateway.database.run(partial(list_deliveries, limit=9))
        status, _ = await office.ask(event.data.call_id, "accept", {"type": "realtime"})

    states = {delivery.event_type: delivery.state for delivery in kept}
    assert states["realtime.call.incoming"] == "pointless"
    assert status == 404
    ended = msgspec.json.decode(office.receiver.bodies[1])
    assert ended["type"] == "vivavoce.call.ended"
    assert ended["data"] == {
        "call_id": event.data.call_id,
        "session_id": None,
        "ended_by": "cancelled",
        "duration_s": 0.0,
    }


async def test_a_caller_who_hangs_up_ends_the_session_and_its_sidebands() -> None:
    async with conversation() as (office, phone, call_id, sideband):
        phone.leg.hangup()
        assert (await sideband.closed())[0] == 1000
        await office.receiver.received(2)
        ended = msgspec.json.decode(office.receiver.bodies[1])["data"]
        status, _ = await office.ask(call_id, "hangup")

    assert (ended["call_id"], ended["ended_by"]) == (call_id, "bye")
    assert ended["session_id"].startswith("sess_")
    assert ended["duration_s"] > 0
    assert status == 404
    assert office.server.gateway.telephone_calls.find_any(call_id) is None


async def test_a_session_that_expires_hangs_up() -> None:
    async with conversation(SessionOptions(max_duration_s=0.3)) as (_, phone, _, _):
        assert await phone.happened(Ended) == Ended("bye")


async def test_speech_cuts_what_is_played_and_the_item_to_what_was_heard() -> None:
    async with conversation() as (_, phone, _, sideband):
        await sideband.send(STORY)
        await sideband.received("output_audio_buffer.started")
        await phone.heard_sound(0.5)
        phone.say(recording("goforward").data)
        await sideband.received("output_audio_buffer.cleared")
        truncated: Any = await sideband.received("conversation.item.truncated")

    assert 300 <= truncated["audio_end_ms"] <= 3_000


async def test_keys_are_told_and_can_be_part_of_the_conversation() -> None:
    options = SessionOptions(dtmf_to_conversation=True)
    async with conversation(options) as (_, phone, _, sideband):
        phone.media.press("4#")
        first = await sideband.received("input_audio_buffer.dtmf_event_received")
        second = await sideband.received("input_audio_buffer.dtmf_event_received")
        item: Any = (await sideband.received("conversation.item.added"))["item"]
        await sideband.received("response.created")

    assert (first["event"], second["event"]) == ("4", "#")
    assert item["content"][0]["text"] == "(The caller typed on the telephone's keypad: 4 #)"


async def test_calls_are_answered_without_any_application() -> None:
    auto_answer = AutoAnswer(
        session=RealtimeSessionUpdate(instructions="You are in a shop."),
        greeting="Say what the capital of France is.",
    )
    async with opened_office(auto_answer=auto_answer) as office, calling(office.uri) as phone:
        await phone.happened(Answered)
        await phone.heard_sound(0.3)

    assert all(b"realtime.call.incoming" not in body for body in office.receiver.bodies)
