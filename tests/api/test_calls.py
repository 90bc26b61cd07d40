"""Calls over real sockets: offers, keys, events, sidebands."""

import asyncio

import aiohttp
import pytest

from tests.api.called import (
    BETA,
    GA,
    KEYED,
    called,
    fakes,
    minted,
    post,
    until_over,
)
from tests.api.server import Served, Socket, served
from tests.rtc_client import (
    accept,
    calling,
    frequency,
    new_caller,
    offer_of,
    tone,
)

# --- offers -----------------------------------------------------------------------------------


async def test_session_created_is_the_first_event_on_the_channel() -> None:
    async with served(fakes=fakes()) as server, called(server) as caller:
        await caller.received("session.created")
        assert caller.seen[0]["type"] == "session.created"
        assert caller.call_id.startswith("rtc_")


async def test_the_answer_is_created_with_a_location_that_pages_may_read() -> None:
    caller = new_caller()
    async with served(fakes=fakes(), keys=("sk-1",)) as server:
        async with server.http.post(
            server.url + GA,
            data=await offer_of(caller),
            headers={
                "Content-Type": "application/sdp",
                "Origin": "https://shop.example",
                **KEYED,
            },
        ) as answer:
            assert answer.status == 201
            assert answer.content_type == "application/sdp"
            assert answer.headers["Location"].startswith(GA + "/rtc_")
            assert "Location" in answer.headers["Access-Control-Expose-Headers"]
            assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"
            sdp = await answer.text()
        caller.connection.close()
    assert "a=candidate" in sdp
    assert "a=end-of-candidates" in sdp
    assert "a=setup:active" in sdp


async def test_a_preflight_of_an_offer_is_answered() -> None:
    async with served(fakes=fakes(), keys=("sk-1",)) as server:
        asked = {
            "Origin": "https://shop.example",
            "Access-Control-Request-Headers": "authorization,content-type,x-openai-agents-sdk",
        }
        async with server.http.options(server.url + GA, headers=asked) as answer:
            assert answer.status == 204
            assert "x-openai-agents-sdk" in answer.headers["Access-Control-Allow-Headers"]


@pytest.mark.parametrize("typed", [True, False])
async def test_a_form_brings_its_session_along(typed: bool) -> None:
    caller = new_caller()
    session = '{"type": "realtime", "instructions": "Be a pirate.", "model": "gpt-realtime-mini"}'
    form = aiohttp.FormData()
    if typed:
        form.add_field("sdp", await offer_of(caller), content_type="application/sdp")
        form.add_field("session", session, content_type="application/json")
    else:
        form.add_field("sdp", await offer_of(caller))
        form.add_field("session", session)
    if not form.is_multipart:
        form._is_multipart = True  # as FormData of a browser always is
    async with served(fakes=fakes()) as server:
        async with server.http.post(server.url + GA, data=form, headers=KEYED) as answer:
            assert answer.status == 201, await answer.text()
            await accept(caller, await answer.text())
        created = await caller.received("session.created")
        shown = created["session"]
        assert isinstance(shown, dict)
        assert shown["instructions"] == "Be a pirate."
        assert shown["model"] == "gpt-realtime-mini"
        caller.connection.close()


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        (b"", "application/sdp", 400, "invalid_offer"),
        (b"hello", "application/sdp", 400, "invalid_offer"),
        (b"\xff\xfe", "application/sdp", 400, "invalid_offer"),
        (b"v=0\r\nm=audio 9 X 0\r\n", "application/sdp", 400, "invalid_offer"),
        (b"{}", "application/json", 415, "unsupported_content_type"),
        (b"--x--\r\n", "multipart/form-data; boundary=x", 400, "missing_required_parameter"),
        (b"hello", "multipart/form-data; boundary=x", 400, None),
        (b"--x\r\nno header", "multipart/form-data; boundary=x", 400, None),
        (
            b'--x\r\nContent-Disposition: form-data; name="sdp\0"\r\n\r\nv=0\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
            *(400, None),
        ),
        (
            b'--x\r\nContent-Disposition: form-data; name="sdp"\r\nContent-Encoding: gzip\r\n\r\n'
            b"v=0\r\n--x--\r\n",
            "multipart/form-data; boundary=x",
            *(400, None),
        ),
        (
            b'--x\r\nContent-Disposition: form-data; name="sdp"\r\n'
            b"Content-Transfer-Encoding: odd\r\n\r\nv=0\r\n--x--\r\n",
            "multipart/form-data; boundary=x",
            *(400, None),
        ),
        (b"hello", "multipart/form-data", 400, None),
    ],
)
async def test_a_bad_offer_is_refused_with_a_reason(
    body: bytes, kind: str, status: int, code: str | None
) -> None:
    async with served(fakes=fakes()) as server:
        refused, error = await post(server, body, kind)
        assert refused == status
        assert error["message"]
        if code is not None:
            assert error["code"] == code
        assert len(server.gateway.directory) == 0


@pytest.mark.parametrize(
    ("session", "param"),
    [
        ('{"type": "realtime", "audio": {"output": {"voice": "nobody"}}}', "session.audio.output"),
        ('{"type": "realtime", "foo": 1}', "session.foo"),
        ('{"type": "realtime", "temperature": 0.8}', "session.temperature"),
        ('{"type": "realtime", "model": "nothing"}', "session.model"),
        ("nonsense", None),
    ],
)
async def test_a_session_that_cannot_be_had_is_refused_with_the_offer(
    session: str, param: str | None
) -> None:
    caller = new_caller()
    form = aiohttp.FormData()
    form.add_field("sdp", await offer_of(caller), content_type="application/sdp")
    form.add_field("session", session, content_type="application/json")
    async with (
        served(fakes=fakes()) as server,
        server.http.post(server.url + GA, data=form, headers=KEYED) as answer,
    ):
        assert answer.status in (400, 404)
        error = (await answer.json())["error"]
    if param is not None:
        assert error["param"].startswith(param)
    caller.connection.close()


async def test_an_offer_needs_a_key_where_there_are_keys() -> None:
    async with served(fakes=fakes(), keys=("sk-2",)) as server:
        status, error = await post(server, b"v=0")
        assert (status, error["code"]) == (401, "invalid_api_key")


async def test_a_full_server_takes_no_further_call() -> None:
    async with served(fakes=fakes(), max_sessions=1) as server, called(server):
        status, error = await post(server, b"v=0")
        assert (status, error["code"]) == (503, "server_busy")


async def test_pictures_are_not_taken() -> None:
    caller = new_caller()
    caller.connection.add_transceiver("video")
    async with served(fakes=fakes()) as server, called(server, caller=caller) as made:
        await made.received("session.created")
        _, pictures = made.answer.split("m=video")
        assert "a=inactive" in pictures


# --- keys -------------------------------------------------------------------------------------


async def created_with(server: Served, path: str, key: str) -> dict[str, object]:
    headers = {"Authorization": f"Bearer {key}"}
    async with calling(server.http, server.url + path, headers=headers) as caller:
        created = await caller.received("session.created")
    session = created["session"]
    assert isinstance(session, dict)
    return session


async def test_an_ephemeral_key_brings_its_session_and_its_model() -> None:
    async with served(fakes=fakes(), keys=("sk-1",)) as server:
        asked = {"type": "realtime", "instructions": "Be brief.", "model": "gpt-realtime-mini"}
        key = await minted(server, "/v1/realtime/client_secrets", {"session": asked})
        session = await created_with(server, GA + "?model=gpt-realtime", key)
        assert session["instructions"] == "Be brief."
        assert session["model"] == "gpt-realtime-mini"


async def test_a_beta_key_at_the_ga_address_keeps_no_temperature() -> None:
    async with served(fakes=fakes(), keys=("sk-1",)) as server:
        asked = {"instructions": "Be brief.", "temperature": 1.1}
        key = await minted(server, "/v1/realtime/sessions", asked)
        session = await created_with(server, GA, key)
        assert session["type"] == "realtime"
        assert session["instructions"] == "Be brief."
        assert "temperature" not in session
        flat = await created_with(server, BETA, key)
        assert flat["temperature"] == 1.1
        assert flat["modalities"] == ["text", "audio"] or "audio" in str(flat["modalities"])


async def test_a_transcription_key_starts_a_transcription_call() -> None:
    async with served(fakes=fakes(), keys=("sk-1",)) as server:
        key = await minted(
            server, "/v1/realtime/client_secrets", {"session": {"type": "transcription"}}
        )
        session = await created_with(server, GA, key)
        assert session["type"] == "transcription"


# --- events -----------------------------------------------------------------------------------


async def test_the_beta_address_speaks_beta_without_any_mark() -> None:
    async with served(fakes=fakes()) as server, called(server, BETA) as caller:
        await caller.received("session.created")
        await caller.received("conversation.created")
        caller.send({"type": "session.update", "session": {"instructions": "Be brief."}})
        updated = await caller.received("session.updated")
        session = updated["session"]
        assert isinstance(session, dict)
        assert session["instructions"] == "Be brief."
        caller.send({"type": "response.create"})
        await caller.received("response.audio_transcript.delta")
        await caller.received("output_audio_buffer.started")
        kinds = {event["type"] for event in caller.seen}
        assert not kinds & {"response.audio.delta", "response.output_audio.delta"}


async def test_bad_events_are_answered_and_the_call_goes_on() -> None:
    async with served(fakes=fakes()) as server, called(server) as caller:
        assert caller.channel is not None
        caller.channel.send("nonsense")
        caller.channel.send(b"\x00\x01")
        errors = [await caller.received("error") for _ in range(2)]
        assert all(isinstance(error["error"], dict) for error in errors)
        caller.send({"type": "session.update", "session": {"type": "realtime"}})
        await caller.received("session.updated")


async def test_a_message_beyond_the_peers_limit_becomes_an_error() -> None:
    async with served(fakes=fakes()) as server:
        caller = new_caller()
        offer = await offer_of(caller)
        offer = offer.replace("a=max-message-size:262144", "a=max-message-size:8000")
        async with server.http.post(
            server.url + GA,
            data=offer,
            headers={"Content-Type": "application/sdp", **KEYED},
        ) as answer:
            await accept(caller, await answer.text())
        await caller.received("session.created")
        text = "word " * 1_500  # fits; with the rest of the session it does not
        update = {"type": "realtime", "instructions": text}
        caller.send({"type": "session.update", "session": update})
        error = (await caller.received("error"))["error"]
        assert isinstance(error, dict)
        assert error["code"] == "message_too_large"
        caller.connection.close()


async def test_a_call_without_a_microphone_is_spoken_to() -> None:
    caller = new_caller(microphone=False)
    async with served(fakes=fakes()) as server, called(server, caller=caller):
        caller.send({"type": "response.create"})
        assert frequency(await caller.hears(0.5)) == pytest.approx(1_000, abs=5)


async def test_a_call_of_data_alone_exchanges_events() -> None:
    caller = new_caller(microphone=False, voice=False)
    async with served(fakes=fakes()) as server, called(server, caller=caller):
        await caller.received("session.created")
        caller.send({"type": "response.create", "response": {"output_modalities": ["text"]}})
        await caller.received("response.done")
        assert "m=audio" not in caller.answer


async def test_a_call_without_a_channel_is_heard_and_answered() -> None:
    caller = new_caller(channel=False)
    engines = fakes()
    async with served(fakes=engines) as server, called(server, caller=caller):
        caller.say(tone(440, 0.5))
        assert frequency(await caller.hears(0.5)) == pytest.approx(1_000, abs=5)
        caller.connection.close()
        await until_over(server)  # 10 s at most; a network that is merely gone takes 13


# --- sidebands --------------------------------------------------------------------------------


async def test_a_sideband_steers_a_call_and_hears_of_its_playback() -> None:
    async with (
        served(fakes=fakes(), keys=("sk-1",)) as server,
        called(server) as caller,
        server.socket(f"call_id={caller.call_id}", headers=KEYED) as sideband,
    ):
        await sideband.received("session.created")
        update = {"type": "realtime", "instructions": "Be a pirate."}
        await sideband.send({"type": "session.update", "session": update})
        updated = await caller.received("session.updated")
        assert "pirate" in str(updated)
        await sideband.send({"type": "response.create"})
        await sideband.received("output_audio_buffer.started")
        await sideband.send({"type": "output_audio_buffer.clear"})
        await sideband.received("output_audio_buffer.cleared")
        await sideband.received("conversation.item.truncated")
        await caller.received("conversation.item.truncated")
        caller.connection.close()
        assert await closed_with(sideband) == 1000


async def closed_with(socket: Socket) -> int | None:
    async with asyncio.timeout(5):
        return (await socket.closed())[0]
