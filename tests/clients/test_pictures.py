"""Pictures, sent with the official client to a served process."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from openai import AsyncOpenAI
from openai.resources.realtime.realtime import AsyncRealtimeConnection
from openai.types.websocket_connection_options import WebSocketConnectionOptions

from tests.drawn_pictures import SIGN, data_url, drawn, moving, noise, png_that_says
from tests.served import served

SCRIPT = """
[[turns]]
when = "Which gate"
answer = "Gate 42."
"""


async def show(
    connection: AsyncRealtimeConnection, url: str, text: str = "", detail: str = "auto"
) -> None:
    """Send a message with a picture."""
    content: list[dict[str, str]] = [{"type": "input_image", "image_url": url, "detail": detail}]
    content += [{"type": "input_text", "text": text}] if text else []
    item: Any = {"id": "shown", "type": "message", "role": "user", "content": content}
    await connection.send({"type": "conversation.item.create", "item": item})


async def answered(connection: AsyncRealtimeConnection) -> str:
    """Ask for an answer in writing; return it."""
    await connection.send({"type": "response.create", "response": {"output_modalities": ["text"]}})
    text = ""
    async for event in connection:
        if event.type == "response.output_text.delta":
            text += event.delta
        elif event.type == "response.done":
            assert event.response.status == "completed", event.response.status_details
            return text
        assert event.type != "error", event
    raise AssertionError("the connection ended")


async def until(connection: AsyncRealtimeConnection, kind: str) -> Any:
    """Return the next event of a type."""
    async for event in connection:
        if event.type == kind:
            return event
    raise AssertionError("the connection ended")


async def test_traps_are_refused_by_the_name_of_the_part_and_the_session_goes_on(
    tmp_path: Path,
) -> None:
    (tmp_path / "script.toml").write_text(SCRIPT)
    traps = [
        png_that_says(50_000, 50_000),
        moving("PNG", 3),
        drawn()[:-100],
        b"\x89PNG\r\n\x1a\n",
        drawn(form="JPEG"),
    ]
    async with served("--scripted", str(tmp_path / "script.toml")) as (url, _):
        client = AsyncOpenAI(base_url=url, api_key="any")
        async with client.realtime.connect(model="gpt-realtime") as connection:
            for trap in traps:
                await show(connection, data_url(trap), "Which gate?")
                error = (await until(connection, "error")).error
                assert (error.code, error.param) == (
                    "invalid_value",
                    "item.content[0].image_url",
                )
            await show(connection, data_url(drawn(SIGN)), "Which gate?")
            added = await until(connection, "conversation.item.added")
            assert added.item.content[0].image_url == data_url(drawn(SIGN))
            assert await answered(connection) == "Gate 42."


async def test_a_large_picture_is_echoed_without_its_data_and_retrieved_with_it(
    tmp_path: Path,
) -> None:
    (tmp_path / "script.toml").write_text(SCRIPT)
    picture = data_url(noise(1000, 500))
    assert len(picture) > 1_500_000
    async with served("--scripted", str(tmp_path / "script.toml")) as (url, _):
        client = AsyncOpenAI(base_url=url, api_key="any")
        limits = WebSocketConnectionOptions(max_size=1 << 25)
        async with client.realtime.connect(
            model="gpt-realtime", websocket_connection_options=limits
        ) as connection:
            await show(connection, picture, "Which gate?")
            done = await until(connection, "conversation.item.done")
            await connection.conversation.item.retrieve(item_id="shown")
            retrieved = await until(connection, "conversation.item.retrieved")

    assert done.item.content[0].image_url is None
    assert retrieved.item.content[0].image_url == picture


@pytest.mark.models
@pytest.mark.timeout(200)
@pytest.mark.skipif(find_spec("rapidocr") is None, reason="needs vivavoce[pictures]")
async def test_the_text_in_a_picture_is_read_and_what_is_not_known_is_not_made_up() -> None:
    async with served("--profile", "standard") as (url, _):
        client = AsyncOpenAI(base_url=url, api_key="any")
        async with client.realtime.connect(model="gpt-realtime") as connection:
            await show(connection, data_url(drawn(SIGN)), "When does the gate close?")
            assert "18:30" in await answered(connection)
            await connection.conversation.item.create(
                item={
                    "type": "message",
                    "role": "user",
                    "content": [{"type": "input_text", "text": "What animal is in the picture?"}],
                }
            )
            assert "see" in await answered(connection)
