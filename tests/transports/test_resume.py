"""A client that loses its connection again and again, and neither loses nor doubles an event."""

import asyncio
import random
import re
from contextlib import aclosing
from pathlib import Path
from typing import Any

import msgspec
import pybase64
import pytest

from tests.api.server import served
from tests.runtime.fakes import Fakes
from tests.transports.cutting_proxy import CuttingProxy, cutting_proxy
from vivavoce.interfaces import (
    AudioDelta,
    Finished,
    ResponseEvent,
    ResponseRequest,
    Stream,
    TextDelta,
)
from vivavoce.media.pcm import silence
from vivavoce.runtime.recorder import open_recordings

PAGE = Path(__file__).parents[2] / "docs/how-to/resume.md"
EVENTS_PER_CONNECTION = 12
LAST = "the_last_one"

Event = dict[str, Any]


def client_of_the_page() -> Any:
    """Return the class that the how-to page shows."""
    match = re.search(r"```python\n(# returning_client.py\n.*?)```", PAGE.read_text(), re.DOTALL)
    assert match is not None
    names: dict[str, Any] = {}
    exec(compile(match[1], str(PAGE), "exec"), names)
    return names["ReturningClient"]


async def slow_answer(request: ResponseRequest) -> Stream[ResponseEvent]:
    """Sound in small pieces, with the loop turning between them."""
    yield TextDelta("Let me see.")
    for _ in range(20):
        yield AudioDelta(silence(20).data)
        await asyncio.sleep(0)
    yield Finished()


class Player:
    """Sends numbered events at random, behind a proxy that cuts; notes all it receives."""

    def __init__(self, client: Any, proxy: CuttingProxy, chance: random.Random) -> None:
        self.client = client
        self.proxy = proxy
        self.chance = chance
        self.sent: list[Event] = []
        self.received: list[Event] = []

    async def play(self, n_cuts: int) -> None:
        """Play until there were enough cuts, then until the last event is answered."""
        async with asyncio.TaskGroup() as tasks:
            receiving = tasks.create_task(self._receive())
            while self.client.token is None:  # noqa: ASYNC110 - an example has no event to wait for
                await asyncio.sleep(0)
            self.proxy.is_cutting = True
            while self.proxy.n_cuts < n_cuts:
                await self._send_some()
                self.proxy.cut()
                while self.client.socket is None:  # noqa: ASYNC110 - as above
                    await asyncio.sleep(0)
            self.proxy.is_cutting = False
            self.proxy.cut()
            await self._send({"type": "conversation.item.delete", "item_id": LAST})
            await receiving

    async def _send_some(self) -> None:
        for _ in range(self.chance.randint(0, EVENTS_PER_CONNECTION)):
            await self._send(self._random_event())
        for _ in range(self.chance.randint(0, 30)):
            await asyncio.sleep(0)

    async def _send(self, event: Event) -> None:
        self.sent.append({**event, "event_id": f"client_{len(self.sent)}"})
        await self.client.send(self.sent[-1])

    def _random_event(self) -> Event:
        kind = self.chance.choices(("refused", "audio", "item", "answer"), (6, 3, 1, 0.3))[0]
        match kind:
            case "audio":
                sound = self.chance.randbytes(480)
                return {
                    "type": "input_audio_buffer.append",
                    "audio": pybase64.b64encode(sound).decode(),
                }
            case "item":
                text = [{"type": "input_text", "text": "Hello."}]
                item = {"type": "message", "role": "user", "content": text}
                return {"type": "conversation.item.create", "item": item}
            case "answer":
                return {"type": "response.create"}
            case _:
                return {"type": "conversation.item.delete", "item_id": "item_unknown"}

    async def _receive(self) -> None:
        async with aclosing(self.client.events()) as events:
            async for event in events:
                self.received.append(event)
                if self._is_last(event):
                    return

    def _is_last(self, event: Event) -> bool:
        return event["type"] == "error" and LAST in event["error"]["message"]


def recorded(folder: Path) -> tuple[list[str], list[str], bytes]:
    """Return what the session heard of its client, what it sent, and the sound."""
    (path,) = folder.iterdir()
    heard: list[str] = []
    sent: list[str] = []
    sound = bytearray()
    for line in path.read_bytes().splitlines()[1:]:
        step = msgspec.json.decode(line)
        if step["input"]["type"] == "ClientSent":
            heard.append(step["input"]["event"]["event_id"])
        elif step["input"]["type"] == "AudioHeard":
            sound += pybase64.b64decode(step["input"]["data"])
        sent += [out["event"]["event_id"] for out in step["outputs"] if out["type"] == "Send"]
    return heard, sent, bytes(sound)


@pytest.mark.parametrize(("seed", "n_cuts"), [(1, 400), (2, 300), (3, 300)])
async def test_a_thousand_cuts_lose_and_double_nothing_in_either_direction(
    tmp_path: Path, seed: int, n_cuts: int
) -> None:
    chance = random.Random(seed)
    fakes = Fakes()
    fakes.responder.script = slow_answer
    with open_recordings(tmp_path, with_sound=True) as recordings:
        async with asyncio.timeout(100), served(fakes=fakes, recordings=recordings) as server:
            host, port = server.url.removeprefix("http://").split(":")
            async with cutting_proxy(host, int(port), chance) as (url, proxy):
                player = Player(client_of_the_page()(server.http, url, wait_s=0), proxy, chance)
                await player.play(n_cuts)

    heard, sent, sound = recorded(tmp_path)
    appended = [event for event in player.sent if "audio" in event]
    of_core = [event for event in player.received if not event["type"].startswith("vivavoce.")]
    received = [event["event_id"] for event in of_core]
    assert proxy.n_cuts >= n_cuts
    assert heard == [event["event_id"] for event in player.sent if "audio" not in event]
    assert sound == b"".join(pybase64.b64decode(event["audio"]) for event in appended)
    assert received == sent[: len(received)]
    assert len({event["event_id"] for event in player.received}) == len(player.received)
    assert any(event["type"] == "response.output_audio.delta" for event in player.received)
