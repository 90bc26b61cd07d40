"""What callers hear that is no part of the conversation, from a served process."""

import json
from pathlib import Path

import aiohttp
import numpy as np

from tests.api.webhook_receiver import Receiver, receiving
from tests.clients.sidebands import Sideband
from tests.clients.test_telephone import telephone
from tests.phone import PhoneCall, calling
from vivavoce.media.pcm import Pcm
from vivavoce.media.wav import write_wav
from vivavoce.transports.sip.events import Answered

TOOL = {
    "type": "function",
    "name": "get_weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}
RING_HZ = 1_500


def ring(ms: int) -> Pcm:
    n = np.arange(24 * ms)
    return Pcm((12_000 * np.sin(2 * np.pi * RING_HZ * n / 24_000)).astype("<i2").tobytes())


def share_of_ring(heard: bytes) -> float:
    """Return how much of the power of a sound is the ring's."""
    power = np.abs(np.fft.rfft(np.frombuffer(heard, "<i2").astype(float))) ** 2
    hz = np.fft.rfftfreq(len(heard) // 2, 1 / 24_000)
    return float(power[np.abs(hz - RING_HZ) < 60].sum() / power.sum())


async def ask_for_weather(sideband: Sideband) -> str:
    """Let the model call the function; return the id of the call, which stays pending."""
    await sideband.received("session.created")
    await sideband.say("What is the weather?")
    called = await sideband.received("response.function_call_arguments.done")
    await sideband.received("response.done")
    return str(called["call_id"])


async def answer_call(sideband: Sideband, call_id: str) -> None:
    item = {"type": "function_call_output", "call_id": call_id, "output": "sunny"}
    await sideband.send("conversation.item.create", item=item)
    await sideband.send("response.create")


async def test_a_line_and_a_sound_are_heard_while_a_function_call_is_pending(
    tmp_path: Path,
) -> None:
    sounds = tmp_path / "sounds"
    sounds.mkdir()
    write_wav(sounds / "rings.wav", ring(400))
    async with receiving() as receiver:
        tables = (
            f'[playback]\nsounds_folder = "{sounds}"\n'
            f'[[webhooks]]\nurl = "{receiver.url}"\nsecret_env = "HOOK"\n'
        )
        async with (
            telephone(tmp_path, tables) as (url, uri, _),
            calling(uri) as phone,
            aiohttp.ClientSession() as http,
        ):
            sideband = await accepted(http, url, receiver, phone)
            pending = await ask_for_weather(sideband)

            await sideband.send("vivavoce.playback.play", playback_id="wait", text="One moment.")
            await sideband.received("vivavoce.playback.started")
            line = await phone.heard_sound(0.3)
            ended = await sideband.received("vivavoce.playback.ended")
            assert (ended["playback_id"], ended["reason"]) == ("wait", "completed")
            assert share_of_ring(line[:14_400]) < 0.5

            await sideband.send("vivavoce.playback.play", sound="rings", loop=True)
            await sideband.received("vivavoce.playback.started")
            held = await phone.heard_sound(1.0)
            assert share_of_ring(held[4_800:48_000]) > 0.9

            await answer_call(sideband, pending)
            ended = await sideband.received("vivavoce.playback.ended")
            assert (ended["reason"], ended["played_ms"] > 900) == ("answered", True)
            await sideband.received("output_audio_buffer.started")
            answer = await phone.heard_sound(0.5)
            assert share_of_ring(answer[9_600:]) < 0.5


async def accepted(
    http: aiohttp.ClientSession, url: str, receiver: Receiver, phone: PhoneCall
) -> Sideband:
    """Accept the call that rings, and attach a sideband that wants extensions."""
    await receiver.received(1)
    call_id = json.loads(receiver.bodies[0])["data"]["call_id"]
    session = {"type": "realtime", "model": "gpt-realtime", "tools": [TOOL]}
    async with http.post(f"{url}/realtime/calls/{call_id}/accept", json=session) as response:
        assert response.status == 200
    await phone.happened(Answered)
    address = f"{url}/realtime?call_id={call_id}&extensions=1"
    return Sideband(await http.ws_connect(address))


async def test_a_caller_hears_the_configured_line_word_for_word_with_no_application(
    tmp_path: Path,
) -> None:
    answer = '[telephone.answer]\ngreeting_line = "Hello, you have reached Rosebud."\n'
    async with telephone(tmp_path, answer) as (_, uri, _), calling(uri) as phone:
        await phone.happened(Answered)
        said = await phone.heard_sound(1.5)

    samples = np.abs(np.frombuffer(said[: 3 * 24_000], "<i2").astype(int))
    assert (samples > 500).mean() > 0.5
