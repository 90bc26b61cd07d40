"""`websocket-client` as in the first examples of the API: an app with callbacks, Beta events."""
# The client is installed in an environment of its own, which mypy does not see.
# mypy: ignore-errors

import asyncio
import base64
import json
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import websocket

from tests.clients.python.scenes import (
    DEADLINE_S,
    ONE_SECOND,
    SPEECH,
    WS_URL,
    Seen,
    pieces,
    play,
)

URL = f"{WS_URL}?model=gpt-4o-realtime-preview-2024-10-01"
HEADERS = ["Authorization: Bearer any", "OpenAI-Beta: realtime=v1"]


class Conversation:
    def __init__(self) -> None:
        self.events = queue.Queue()
        self.ws = websocket.WebSocketApp(
            URL,
            header=HEADERS,
            on_message=lambda ws, message: self.events.put(json.loads(message)),
            on_error=lambda ws, error: self.events.put({"type": "broken", "error": repr(error)}),
        )

    def send(self, event: dict[str, object]) -> None:
        self.ws.send(json.dumps(event))

    def until(self, kind: str) -> dict:
        """Take events up to the first of a type."""
        while True:
            event = self.events.get(timeout=DEADLINE_S)
            if event["type"] == kind:
                return event
            if event["type"] == "broken":
                raise ConnectionError(event["error"])

    def ask(self, words: str) -> None:
        content = [{"type": "input_text", "text": words}]
        item = {"type": "message", "role": "user", "content": content}
        self.send({"type": "conversation.item.create", "item": item})
        self.send({"type": "response.create"})

    def say(self, sound: bytes = SPEECH) -> None:
        for piece in pieces(sound):
            audio = base64.b64encode(piece).decode()
            self.send({"type": "input_audio_buffer.append", "audio": audio})


@contextmanager
def conversation() -> Iterator[Conversation]:
    talk = Conversation()
    # A daemon: it looks every 10 s whether its socket was closed, and nobody waits for that.
    threading.Thread(target=talk.ws.run_forever, daemon=True).start()
    try:
        talk.until("session.created")
        yield talk
    finally:
        talk.ws.close(timeout=0)


def text(talk: Conversation) -> Seen:
    # The very first example: a response with instructions and no conversation at all.
    response = {"modalities": ["text"], "instructions": "What is the capital of France?"}
    talk.send({"type": "response.create", "response": response})
    talk.until("response.done")

    talk.send({"type": "session.update", "session": {"modalities": ["text"]}})
    talk.ask("What is the capital of France?")
    done = talk.until("response.text.done")
    return {"answer": done["text"]}


def speech(talk: Conversation) -> Seen:
    session = {
        "modalities": ["text", "audio"],
        "input_audio_transcription": {"model": "whisper-1"},
        "turn_detection": {
            "type": "server_vad",
            "threshold": 0.5,
            "prefix_padding_ms": 300,
            "silence_duration_ms": 200,
        },
    }
    talk.send({"type": "session.update", "session": session})
    talk.say()
    heard = talk.until("conversation.item.input_audio_transcription.completed")
    talk.until("response.audio.delta")
    said = talk.until("response.audio_transcript.done")
    return {"heard": heard["transcript"], "answer": said["transcript"]}


def interruption(talk: Conversation) -> Seen:
    talk.ask("Tell me a story.")
    first = talk.until("response.audio.delta")
    talk.say(SPEECH[:ONE_SECOND])
    talk.until("input_audio_buffer.speech_started")
    talk.send(
        {
            "type": "conversation.item.truncate",
            "item_id": first["item_id"],
            "content_index": 0,
            "audio_end_ms": 200,
        }
    )
    cancelled = talk.until("response.done")["response"]
    talk.until("conversation.item.truncated")
    talk.say(SPEECH[ONE_SECOND:])
    said = talk.until("response.audio_transcript.done")
    return {"status": cancelled["status"], "next": said["transcript"]}


def function_call(talk: Conversation) -> Seen:
    tool = {
        "type": "function",
        "name": "get_weather",
        "description": "Tell the weather.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    }
    talk.send({"type": "session.update", "session": {"tools": [tool], "tool_choice": "auto"}})
    talk.ask("What is the weather in Oslo?")
    call = talk.until("response.function_call_arguments.done")
    talk.until("response.done")
    item = {"type": "function_call_output", "call_id": call["call_id"], "output": "sunny"}
    talk.send({"type": "conversation.item.create", "item": item})
    talk.send({"type": "response.create"})
    said = talk.until("response.audio_transcript.done")
    return {"arguments": json.loads(call["arguments"]), "answer": said["transcript"]}


def wrong_event(talk: Conversation) -> Seen:
    talk.ws.send("This is not JSON.")
    no_json = talk.until("error")["error"]
    talk.send({"type": "response.fly", "event_id": "mine"})
    no_type = talk.until("error")["error"]
    talk.ask("What is the capital of France?")
    said = talk.until("response.audio_transcript.done")
    return {
        "no_json": no_json["type"],
        "event_id": no_type["event_id"],
        "answer": said["transcript"],
    }


def scene(act: Callable[[Conversation], Seen]):
    def played() -> Seen:
        with conversation() as talk:
            return act(talk)

    return lambda: asyncio.to_thread(played)


acts = [text, speech, interruption, function_call, wrong_event]
play({act.__name__: scene(act) for act in acts})
