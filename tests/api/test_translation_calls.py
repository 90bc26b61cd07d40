"""Translation sessions over WebRTC."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from msgspec import structs

from tests.api.called import KEYED, VolumeDetector, hum, minted, until_over
from tests.api.server import Served, served
from tests.rtc_client import accept, calling, frequency, new_caller, offer_of, tone
from vivavoce.core.translation_options import TranslationOptions
from vivavoce.interfaces import (
    AudioDelta,
    Stream,
    TextDelta,
    Translated,
    TranslationEvent,
    TranslationRequest,
)

ADDRESS = "/v1/realtime/translations/calls"


class HummingInterpreter:
    """Says everything in one tone."""

    languages = ("en", "fr")
    needs_transcript = False

    async def interpret(self, request: TranslationRequest) -> Stream[TranslationEvent]:
        yield TextDelta(f"{request.language}: hum")
        yield AudioDelta(hum(0.8))
        yield Translated()


@asynccontextmanager
async def translating(keys: tuple[str, ...] = ()) -> AsyncIterator[Served]:
    async with served(keys=keys) as server:
        gateway = server.gateway
        assert gateway.engines is not None
        gateway.engines = structs.replace(
            gateway.engines,
            interpreter=HummingInterpreter(),
            new_speech_detector=VolumeDetector,
        )
        gateway.translation = TranslationOptions(languages=("en", "fr"))
        yield server


async def test_speech_is_heard_in_another_language_and_its_end_is_awaited() -> None:
    async with translating() as server, calling(server.http, server.url + ADDRESS) as caller:
        await caller.received("session.created")
        caller.say(tone(440, 1.0))
        delta = await caller.received("session.output_transcript.delta")
        assert delta["delta"] == "en: hum"
        caller.send({"type": "session.close"})
        await caller.received("session.closed")
        assert frequency(await caller.hears(0.5)) == pytest.approx(1_000, abs=5)
        assert caller.loud_ms() > 600  # all of it was played before the session was closed
        assert "session.output_audio.delta" not in {event["type"] for event in caller.seen}
        await until_over(server)


async def test_a_key_and_a_form_bring_settings_along() -> None:
    async with translating(("sk-1",)) as server:
        asked = {"model": "gpt-realtime-translate", "audio": {"output": {"language": "fr"}}}
        key = await minted(server, "/v1/realtime/translations/client_secrets", {"session": asked})
        headers = {"Authorization": f"Bearer {key}"}
        async with calling(server.http, server.url + ADDRESS, headers=headers) as caller:
            created = await caller.received("session.created")
            assert "'language': 'fr'" in str(created)
        caller = new_caller()
        form = aiohttp.FormData()
        form.add_field("sdp", await offer_of(caller), content_type="application/sdp")
        session = '{"audio": {"output": {"language": "fr"}}}'
        form.add_field("session", session, content_type="application/json")
        async with server.http.post(server.url + ADDRESS, data=form, headers=KEYED) as answer:
            assert answer.status == 201, await answer.text()
            await accept(caller, await answer.text())
        assert "'language': 'fr'" in str(await caller.received("session.created"))
        caller.connection.close()


async def test_what_does_not_translate_is_refused_with_the_offer() -> None:
    caller = new_caller()
    offer = await offer_of(caller)
    headers = {"Content-Type": "application/sdp"}
    async with translating() as server:
        url = f"{server.url}{ADDRESS}?model=gpt-realtime"
        async with server.http.post(url, data=offer, headers=headers) as answer:
            assert answer.status == 404
            assert (await answer.json())["error"]["code"] == "model_not_found"
    caller.connection.close()


async def test_a_translation_call_has_no_sidebands_but_can_be_hung_up() -> None:
    async with translating(("sk-1",)) as server:
        url = server.url + ADDRESS
        async with calling(server.http, url, headers=KEYED) as caller:
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                async with server.socket(f"call_id={caller.call_id}", headers=KEYED):
                    pass
            assert refused.value.status == 404
            address = f"{server.url}/v1/realtime/calls/{caller.call_id}/hangup"
            async with server.http.post(address, headers=KEYED) as answer:
                assert answer.status == 200
            async with asyncio.timeout(2):
                await caller.is_closed.wait()
            await until_over(server)
