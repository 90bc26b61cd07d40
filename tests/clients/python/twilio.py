"""What Twilio's demo sends, in the Beta dialect: mu-law audio of a call, passed on as it comes."""

import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from tests.clients.python.scenes import SPEECH, WS_URL, Seen, pieces, play
from vivavoce.media.g711 import pcm_to_mu_law
from vivavoce.media.pcm import Pcm
from vivavoce.media.resample import resample

URL = f"{WS_URL}?model=gpt-4o-realtime-preview-2024-12-17"
HEADERS = {"Authorization": "Bearer any", "OpenAI-Beta": "realtime=v1"}
CALL = pcm_to_mu_law(resample(Pcm(SPEECH), 8000).data)
MEDIA_MS = 20
MEDIA_BYTES = 8 * MEDIA_MS
NOTICED_MS = 1000
"""So much of the speech is enough to be noticed."""
TOOL = {
    "type": "function",
    "name": "get_weather",
    "description": "Tell the weather.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}
SESSION = {
    "turn_detection": {"type": "server_vad"},
    "input_audio_format": "g711_ulaw",
    "output_audio_format": "g711_ulaw",
    "input_audio_transcription": {"model": "whisper-1"},
    "voice": "ash",
    "instructions": "You are a helpful and bubbly AI assistant.",
    "modalities": ["text", "audio"],
    "temperature": 0.8,
    "tools": [TOOL],
}

Event = dict[str, Any]


class Call:
    """What the demo keeps of a call: what was said last, and when it began."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._media = pieces(CALL, MEDIA_BYTES)
        self.media_timestamp_ms = 0
        self.response_began_ms: int | None = None
        self.last_item_id: str | None = None
        self.played = b""
        self.words = ""
        self.heard: list[str] = []
        self.truncated_ms: list[int] = []

    async def send(self, event: Event) -> None:
        await self._socket.send(json.dumps(event))

    async def media(self, ms: int | None = None) -> None:
        """Pass on what the caller says: so much of it, or the rest."""
        for piece in self._media:
            self.media_timestamp_ms += MEDIA_MS
            payload = base64.b64encode(piece).decode()
            await self.send({"type": "input_audio_buffer.append", "audio": payload})
            if ms is not None and (ms := ms - MEDIA_MS) <= 0:
                break

    async def say(self, words: str) -> None:
        """The demo lets the assistant speak first, by a message that asks for it."""
        content = [{"type": "input_text", "text": words}]
        item = {"type": "message", "role": "user", "content": content}
        await self.send({"type": "conversation.item.create", "item": item})
        await self.send({"type": "response.create"})

    async def until(self, kind: str) -> Event:
        """Do what the demo does on each event, up to the first of a type."""
        while True:
            event: Event = json.loads(await self._socket.recv())
            await self._act(event)
            if event["type"] == kind:
                return event

    async def _act(self, event: Event) -> None:
        match event["type"]:
            case "response.audio.delta":
                self.played += base64.b64decode(event["delta"])
                if self.response_began_ms is None:
                    self.response_began_ms = self.media_timestamp_ms
                self.last_item_id = event["item_id"]
            case "response.audio_transcript.delta":
                self.words += event["delta"]
            case "conversation.item.input_audio_transcription.completed":
                self.heard.append(event["transcript"])
            case "input_audio_buffer.speech_started":
                await self._interrupt()
            case "response.output_item.done" if event["item"]["type"] == "function_call":
                await self._answer_call(event["item"])
            case "conversation.item.truncated":
                self.truncated_ms.append(event["audio_end_ms"])
            case _:
                pass

    async def _interrupt(self) -> None:
        if self.response_began_ms is None:
            return
        await self.send(
            {
                "type": "conversation.item.truncate",
                "item_id": self.last_item_id,
                "content_index": 0,
                "audio_end_ms": min(
                    self.media_timestamp_ms - self.response_began_ms, len(self.played) // 8
                ),
            }
        )
        self.last_item_id = self.response_began_ms = None

    async def _answer_call(self, call: Event) -> None:
        city = json.loads(call["arguments"])["city"]
        item = {
            "type": "function_call_output",
            "call_id": call["call_id"],
            "output": f"sunny in {city}",
        }
        await self.send({"type": "conversation.item.create", "item": item})
        await self.send({"type": "response.create"})


@asynccontextmanager
async def call() -> AsyncIterator[Call]:
    async with connect(URL, additional_headers=HEADERS) as socket:
        taken = Call(socket)
        await taken.until("session.created")
        await taken.send({"type": "session.update", "session": SESSION})
        updated = await taken.until("session.updated")
        assert updated["session"]["output_audio_format"] == "g711_ulaw", updated
        yield taken


async def text(taken: Call) -> Seen:
    await taken.say("What is the capital of France?")
    await taken.until("response.done")
    return {"words": taken.words, "audio_ms": len(taken.played) / 8}


async def speech(taken: Call) -> Seen:
    await taken.media()
    await taken.until("response.done")
    return {"heard": taken.heard, "words": taken.words, "audio_ms": len(taken.played) / 8}


async def interruption(taken: Call) -> Seen:
    await taken.say("Tell me a story.")
    await taken.until("response.audio.delta")
    await taken.media(NOTICED_MS)
    cancelled = await taken.until("response.done")
    await taken.until("conversation.item.truncated")
    await taken.media()
    await taken.until("response.done")
    return {
        "status": cancelled["response"]["status"],
        "truncated_ms": taken.truncated_ms,
        "words": taken.words,
    }


async def function_call(taken: Call) -> Seen:
    await taken.say("What is the weather in Oslo?")
    await taken.until("response.audio.delta")
    await taken.until("response.done")
    return {"words": taken.words}


async def wrong_event(taken: Call) -> Seen:
    await taken.send({"type": "input_audio_buffer.append", "audio": "not base64", "event_id": "x"})
    refused = await taken.until("error")
    await taken.say("What is the capital of France?")
    await taken.until("response.done")
    return {"event_id": refused["error"]["event_id"], "words": taken.words}


def scene(act: Callable[[Call], Awaitable[Seen]]) -> Callable[[], Awaitable[Seen]]:
    async def played() -> Seen:
        async with call() as taken:
            return await act(taken)

    return played


play({act.__name__: scene(act) for act in (text, speech, interruption, function_call, wrong_event)})
