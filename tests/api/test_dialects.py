"""The dialect of a WebSocket is chosen by header, subprotocol or key, and holds to its end."""

from itertools import groupby
from typing import Any

import pybase64
import pytest

from tests.api.server import Socket, served
from tests.runtime.fakes import Fakes
from vivavoce.interfaces import Finished, ResponseEvent, ResponseRequest, Stream
from vivavoce.media.pcm import silence

BETA = {"OpenAI-Beta": "realtime=v1"}
QUERY = "model=gpt-4o-realtime-preview-2024-12-17"
HELLO: dict[str, object] = {
    "type": "conversation.item.create",
    "item": {
        "type": "message",
        "role": "user",
        "content": [{"type": "input_text", "text": "Hello"}],
    },
}
AUDIO_TURN = [
    "response.created",
    "response.output_item.added",
    "conversation.item.created",
    "response.content_part.added",
    "response.audio_transcript.delta",
    "response.audio.delta",
    "response.audio.done",
    "response.audio_transcript.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.done",
]


async def greeting(socket: Socket) -> tuple[Any, Any]:
    return await socket.receive(), await socket.receive()


@pytest.mark.parametrize(
    ("headers", "protocols", "chosen"),
    [
        (BETA, (), None),
        ({"OpenAI-Beta": "assistants=v2, realtime=v1"}, (), None),
        ({}, ("realtime", "openai-insecure-api-key.any", "openai-beta.realtime-v1"), "realtime"),
        ({}, ("openai-beta.realtime-v1",), None),
    ],
    ids=["header", "one header of several", "subprotocols", "subprotocol alone"],
)
async def test_a_client_that_says_so_is_spoken_to_in_beta(
    headers: dict[str, str], protocols: tuple[str, ...], chosen: str | None
) -> None:
    async with (
        served() as server,
        server.socket(QUERY, headers=headers, protocols=protocols) as socket,
    ):
        session, conversation = await greeting(socket)
        protocol = socket.connection.protocol

    assert session["session"]["modalities"] == ["audio", "text"]
    assert session["session"]["temperature"] == 0.8
    assert session["session"]["model"] == QUERY.removeprefix("model=")
    assert conversation["type"] == "conversation.created"
    assert conversation["conversation"]["id"].startswith("conv_")
    assert protocol == chosen


async def test_a_key_that_was_minted_for_beta_says_so() -> None:
    async with served(keys=("right",)) as server:
        answer = await server.http.post(
            f"{server.url}/v1/realtime/sessions",
            json={"model": "gpt-4o-realtime-preview", "temperature": 1.0},
            headers={"Authorization": "Bearer right"},
        )
        key = (await answer.json())["client_secret"]["value"]
        async with server.socket("", headers={"Authorization": f"Bearer {key}"}) as socket:
            session, conversation = await greeting(socket)

    assert session["session"]["temperature"] == 1.0
    assert conversation["type"] == "conversation.created"


async def test_who_says_nothing_is_spoken_to_in_ga() -> None:
    async with served() as server, server.socket() as socket:
        session: Any = await socket.receive()
        await socket.send({"type": "session.update", "session": {"modalities": ["text"]}})
        error: Any = await socket.receive()

    assert session["session"]["type"] == "realtime"
    assert "temperature" not in session["session"]
    assert error["error"]["code"] == "missing_required_parameter"
    assert error["error"]["param"] == "session.type"


async def spoken(socket: Socket) -> list[Any]:
    await socket.send(HELLO)
    await socket.send({"type": "response.create"})
    events: list[Any] = []
    while not events or events[-1]["type"] != "response.done":
        events.append(await socket.receive())
    return events


async def test_a_spoken_answer_has_the_events_of_beta_in_their_order() -> None:
    async with served() as server, server.socket(QUERY, headers=BETA) as socket:
        await greeting(socket)
        await socket.send(
            {"type": "session.update", "session": {"output_audio_format": "g711_ulaw"}}
        )
        updated: Any = await socket.receive()
        events = await spoken(socket)

    assert updated["session"]["output_audio_format"] == "g711_ulaw"
    assert events[0]["type"] == "conversation.item.created"
    assert [name for name, _ in groupby(event["type"] for event in events[1:])] == AUDIO_TURN
    assert events[-1]["response"]["output_audio_format"] == "g711_ulaw"
    assert events[-1]["response"]["output"][0]["content"] == [
        {"type": "audio", "transcript": "Hi."}
    ]


async def test_the_temperature_reaches_the_language_model() -> None:
    asked: list[float | None] = []

    async def script(request: ResponseRequest) -> Stream[ResponseEvent]:
        asked.append(request.prompt.temperature)
        yield Finished()

    fakes = Fakes()
    fakes.responder.script = script
    async with (
        served(fakes=fakes) as server,
        server.socket(QUERY, headers=BETA) as socket,
    ):
        await greeting(socket)
        for response in ({}, {"temperature": 1.2}):
            await socket.send({"type": "response.create", "response": response})
            await socket.received("response.done")
        await socket.send({"type": "session.update", "session": {"temperature": 0.6}})
        await socket.send({"type": "response.create"})
        done: Any = await socket.received("response.done")

    assert asked == [0.8, 1.2, 0.6]
    assert done["response"]["temperature"] == 0.6


async def test_an_error_is_told_in_the_words_of_beta() -> None:
    async with served() as server, server.socket(QUERY, headers=BETA) as socket:
        await greeting(socket)
        await socket.send({"type": "session.update", "session": {"voice": "nobody"}})
        error: Any = await socket.receive()

    assert error["error"]["param"] == "session.voice"


async def test_a_transcription_session_has_its_own_names() -> None:
    async with served() as server, server.socket("intent=transcription", headers=BETA) as socket:
        created: Any = await socket.receive()
        await socket.send(
            {
                "type": "transcription_session.update",
                "session": {
                    "input_audio_transcription": {"model": "whisper-1"},
                    "turn_detection": None,
                },
            }
        )
        updated: Any = await socket.receive()
        audio = pybase64.b64encode(silence(500).data).decode()
        await socket.send({"type": "input_audio_buffer.append", "audio": audio})
        await socket.send({"type": "input_audio_buffer.commit"})
        types = [(await socket.receive())["type"] for _ in range(2)]
        heard: Any = await socket.received("conversation.item.input_audio_transcription.completed")

    assert created["type"] == "transcription_session.created"
    assert created["session"]["turn_detection"]["type"] == "server_vad"
    assert updated["type"] == "transcription_session.updated"
    assert updated["session"]["input_audio_transcription"]["model"] == "whisper-1"
    assert updated["session"]["turn_detection"] is None
    assert types == ["input_audio_buffer.committed", "conversation.item.created"]
    assert heard["transcript"] == "hello there"
