"""The official client and the reserved label `files`, against a served double."""

from pathlib import Path
from typing import Any

import pytest
from openai import AsyncOpenAI

from tests.bundled_models import model_dir
from tests.served import served
from tests.tools.files.handbook import write_handbook
from vivavoce.engines.embedders.minilm import MODEL

SCRIPT = """
[[turns]] # what the tool found
when = "working days"
answer = "Within three working days, says returns.md."

[[turns]]
when = "refund"
calls = [{ name = "look_up", arguments = { query = "When do I get my money back?" } }]
"""


@pytest.mark.models
async def test_a_session_answers_from_documents_with_their_source(tmp_path: Path) -> None:
    script, handbook = tmp_path / "script.toml", write_handbook(tmp_path / "handbook")
    script.write_text(SCRIPT)
    environment = {
        "VIVAVOCE_HOME": str(tmp_path),
        "VIVAVOCE_MODELS__FOLDER": str(model_dir(MODEL).parent),
    }
    async with (
        served("--scripted", str(script), **environment) as (url, _),
        AsyncOpenAI(base_url=url, api_key="any") as client,
    ):
        store = await client.vector_stores.create(name="handbook")
        for path in sorted(handbook.iterdir()):
            file = await client.vector_stores.files.upload_and_poll(
                vector_store_id=store.id, file=path
            )
            assert file.status == "completed", (path, file.last_error)
        events = await _asked(client, "When comes the refund?")

    assert events["call"] is not None
    assert "returns.md, Returns and refunds, When the money comes" in events["call"]
    assert events["answer"] == "Within three working days, says returns.md."


async def _asked(client: AsyncOpenAI, question: str) -> dict[str, str | None]:
    """Return the output of the tool and the answer."""
    tool: Any = {"type": "mcp", "server_label": "files", "require_approval": "never"}
    found: dict[str, str | None] = {"call": None, "answer": None}
    async with client.realtime.connect(model="gpt-realtime") as session:
        await session.session.update(
            session={"type": "realtime", "output_modalities": ["text"], "tools": [tool]}
        )
        async for event in session:
            if event.type == "mcp_list_tools.completed":
                break
        said = {"type": "input_text", "text": question}
        item: Any = {"type": "message", "role": "user", "content": [said]}
        await session.conversation.item.create(item=item)
        await session.response.create()
        async for event in session:
            if event.type == "conversation.item.done" and event.item.type == "mcp_call":
                found["call"] = event.item.output
            if event.type == "response.done" and found["answer"] is None:
                await session.response.create()  # as after any tool: the client goes on
            if event.type == "response.output_text.done":
                found["answer"] = event.text
                return found
    return found
