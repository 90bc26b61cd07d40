"""The reference Beta client's way to speak, with its rules for what it hears.

The client itself was never published in a registry; here it is written anew, as it connects in a
browser: the key and the mark of the Beta dialect are subprotocols.
"""

import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.clients.python.reference_conversation import Event, Item, ReferenceConversation
from tests.clients.python.scenes import ONE_SECOND, SPEECH, WS_URL, Seen, pieces, play

URL = f"{WS_URL}?model=gpt-4o-realtime-preview-2024-10-01"
SUBPROTOCOLS = [
    Subprotocol(name)
    for name in ("realtime", "openai-insecure-api-key.any", "openai-beta.realtime-v1")
]
SESSION: dict[str, object] = {
    "modalities": ["text", "audio"],
    "instructions": "",
    "voice": "verse",
    "input_audio_format": "pcm16",
    "output_audio_format": "pcm16",
    "input_audio_transcription": {"model": "whisper-1"},
    "turn_detection": None,
    "tools": [],
    "tool_choice": "auto",
    "temperature": 0.8,
    "max_response_output_tokens": 4096,
}
"""It sends all of it in each update."""
SERVER_VAD = {"type": "server_vad"}
WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "Tell the weather.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}


class ReferenceClient:
    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._n_sent = 0
        self.conversation = ReferenceConversation()
        self.errors: list[Any] = []

    async def send(self, kind: str, **fields: object) -> None:
        self._n_sent += 1
        event = {"event_id": f"evt_{self._n_sent}", "type": kind, **fields}
        await self._socket.send(json.dumps(event))

    async def update(self, **changes: object) -> None:
        await self.send("session.update", session={**SESSION, **changes})

    async def ask(self, words: str) -> None:
        content = [{"type": "input_text", "text": words}]
        item = {"type": "message", "role": "user", "content": content}
        await self.send("conversation.item.create", item=item)
        await self.send("response.create")

    async def append(self, sound: bytes) -> None:
        for piece in pieces(sound):
            await self.send("input_audio_buffer.append", audio=base64.b64encode(piece).decode())
            self.conversation.sent(piece)

    async def until(self, kind: str) -> Event:
        """Follow all events up to the first of a type."""
        while True:
            event: Event = json.loads(await self._socket.recv())
            self.conversation.take(event)
            if event["type"] == "error":
                self.errors.append(event["error"])
            if event["type"] == kind:
                return event

    def last(self, kind: str) -> Item:
        """Return the last item of a type, or of a role, as the client keeps it."""
        items = self.conversation.items.values()
        return [item for item in items if kind in (item["type"], item.get("role"))][-1]


@asynccontextmanager
async def client() -> AsyncIterator[ReferenceClient]:
    async with connect(URL, subprotocols=SUBPROTOCOLS) as socket:
        assert socket.subprotocol == "realtime", socket.subprotocol
        reference = ReferenceClient(socket)
        await reference.update()  # before it has heard anything
        yield reference


async def text(reference: ReferenceClient) -> Seen:
    await reference.update(modalities=["text"])
    await reference.ask("What is the capital of France?")
    await reference.until("response.done")
    item = reference.last("assistant")
    return {"text": item["formatted"]["text"], "status": item["status"]}


async def speech(reference: ReferenceClient) -> Seen:
    await reference.update(turn_detection=SERVER_VAD)
    await reference.append(SPEECH)
    await reference.until("response.done")
    user, assistant = reference.last("user"), reference.last("assistant")
    return {
        "heard": user["formatted"]["transcript"],
        "speech_ms": user["formatted"]["speech_ms"],
        "said": assistant["formatted"]["transcript"],
        "audio_ms": assistant["formatted"]["audio_bytes"] / 48,
    }


async def push_to_talk(reference: ReferenceClient) -> Seen:
    """Without turn detection, as it is by default: the client commits and asks."""
    await reference.append(SPEECH)
    await reference.send("input_audio_buffer.commit")
    await reference.send("response.create")
    await reference.until("response.done")
    assistant = reference.last("assistant")
    return {"said": assistant["formatted"]["transcript"]}


async def interruption(reference: ReferenceClient) -> Seen:
    await reference.update(turn_detection=SERVER_VAD)
    await reference.ask("Tell me a story.")
    await reference.until("response.audio.delta")
    await reference.append(SPEECH[:ONE_SECOND])
    await reference.until("input_audio_buffer.speech_started")
    story = reference.last("assistant")
    await reference.send("response.cancel")
    await reference.send(
        "conversation.item.truncate", item_id=story["id"], content_index=0, audio_end_ms=200
    )
    cancelled = await reference.until("response.done")
    await reference.until("conversation.item.truncated")
    await reference.append(SPEECH[ONE_SECOND:])
    await reference.until("response.done")
    return {
        "status": cancelled["response"]["status"],
        "item_status": story["status"],
        "kept_ms": story["formatted"]["audio_bytes"] / 48,
        "errors": [error["code"] for error in reference.errors],
        "said": reference.last("assistant")["formatted"]["transcript"],
    }


async def function_call(reference: ReferenceClient) -> Seen:
    await reference.update(tools=[WEATHER])
    await reference.ask("What is the weather in Oslo?")
    await reference.until("response.done")
    call = reference.last("function_call")
    item = {
        "type": "function_call_output",
        "call_id": call["formatted"]["tool"]["call_id"],
        "output": json.dumps({"sky": "sunny"}),
    }
    await reference.send("conversation.item.create", item=item)
    await reference.send("response.create")
    await reference.until("response.done")
    return {
        "arguments": json.loads(call["formatted"]["tool"]["arguments"]),
        "status": call["status"],
        "said": reference.last("assistant")["formatted"]["transcript"],
    }


async def wrong_event(reference: ReferenceClient) -> Seen:
    await reference.send("conversation.item.delete", item_id="nothing")
    await reference.ask("What is the capital of France?")
    await reference.until("response.done")
    item_id = reference.last("assistant")["id"]
    await reference.send("conversation.item.delete", item_id=item_id)
    await reference.until("conversation.item.deleted")
    return {
        "errors": [(error["code"], error["event_id"]) for error in reference.errors],
        "left": [item["role"] for item in reference.conversation.items.values()],
    }


def scene(act: Callable[[ReferenceClient], Awaitable[Seen]]) -> Callable[[], Awaitable[Seen]]:
    async def played() -> Seen:
        async with client() as reference:
            return await act(reference)

    return played


acts = [text, speech, push_to_talk, interruption, function_call, wrong_event]
play({act.__name__: scene(act) for act in acts})
