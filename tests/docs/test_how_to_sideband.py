"""The supervisor of the page, with the official client, against scripted engines."""

import asyncio
import re
from pathlib import Path
from typing import Any

from openai import AsyncOpenAI

from tests.api.server import served
from tests.runtime.fakes import Fakes
from vivavoce.interfaces import (
    Finished,
    PromptToolOutput,
    ResponseEvent,
    ResponseRequest,
    Stream,
    TextDelta,
    ToolCallDelta,
    ToolCallFinished,
    ToolCallStarted,
)

PAGE = Path(__file__).parents[2] / "docs/how-to/sideband.md"


def supervisor_of_the_page() -> Any:
    match = re.search(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert match is not None
    names: dict[str, Any] = {}
    exec(compile(match[1], str(PAGE), "exec"), names)
    return names["supervise"]


async def calls_once(request: ResponseRequest) -> Stream[ResponseEvent]:
    """Call the tool; once its output is there, say it."""
    outputs = [item for item in request.prompt.items if isinstance(item, PromptToolOutput)]
    if outputs:
        yield TextDelta(outputs[0].output)
    elif request.prompt.tools:
        yield ToolCallStarted("get_secret")
        yield ToolCallDelta("{}")
        yield ToolCallFinished()
    yield Finished()


async def test_the_supervisor_answers_a_tool_call_of_a_session_it_does_not_hold() -> None:
    fakes = Fakes()
    fakes.responder.script = calls_once
    async with (
        asyncio.timeout(30),
        served(fakes=fakes) as server,
        AsyncOpenAI(base_url=f"{server.url}/v1", api_key="any") as client,
        asyncio.TaskGroup() as tasks,
    ):
        async with client.realtime.connect(model="gpt-realtime") as phone:
            created: Any = await phone.recv()
            supervise = supervisor_of_the_page()
            watching = tasks.create_task(supervise(client, created.session.id))
            await received(phone, "session.updated")
            text = {"type": "input_text", "text": "What is the secret?"}
            item: Any = {"type": "message", "role": "user", "content": [text]}
            await phone.conversation.item.create(item=item)
            await phone.response.create()
            answer = await received(phone, "response.output_audio_transcript.done")
        said = await watching

    assert answer.transcript == "The secret is 42."
    assert said == ["What is the secret?"]


async def received(connection: Any, kind: str) -> Any:
    """Wait for the next event of a type."""
    while (event := await connection.recv()).type != kind:
        pass
    return event
