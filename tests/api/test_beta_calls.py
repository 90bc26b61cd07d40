"""Calls of clients that speak Beta, as `@openai/agents-realtime` 0.0.5 makes them."""

import aiohttp

from tests.api.server import served
from tests.rtc_client import accept, new_caller, offer_of


async def test_the_session_of_a_form_is_written_as_beta_clients_write_it() -> None:
    caller = new_caller()
    form = aiohttp.FormData()
    form.add_field("sdp", await offer_of(caller), content_type="application/sdp")
    session = '{"model": "gpt-4o-realtime-preview", "voice": "alloy", "temperature": 0.8}'
    form.add_field("session", session, content_type="application/json")

    async with served() as server:
        async with server.http.post(server.url + "/v1/realtime", data=form) as answer:
            assert answer.status == 201, await answer.text()
            await accept(caller, await answer.text())
        created = (await caller.received("session.created"))["session"]
        caller.connection.close()

    assert isinstance(created, dict)
    assert (created["voice"], created["temperature"]) == ("alloy", 0.8)
    assert created["model"] == "gpt-4o-realtime-preview"
