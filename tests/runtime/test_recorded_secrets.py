"""Nothing that opens a server of tools gets into a recording; and it is replayed all the same."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from vivavoce.core.inputs import ClientSent, Input, ResponseProgress, SessionOpened
from vivavoce.core.options import SessionOptions
from vivavoce.core.outputs import StartResponse
from vivavoce.core.session import Session
from vivavoce.core.tool_orders import CallTool, ListTools
from vivavoce.core.tool_reports import ToolReturned, ToolsListed
from vivavoce.ids import seeded_ids
from vivavoce.interfaces import Finished, ListedTool, ToolCallFinished, ToolCallStarted
from vivavoce.protocol.codec import decode_client_event
from vivavoce.protocol.session import RealtimeSessionUpdate
from vivavoce.runtime.recorder import open_recordings
from vivavoce.runtime.recording import Header
from vivavoce.runtime.replay import replay
from vivavoce.testing.tool_reports import check_server

SEED = 7
TOOL = {
    "type": "mcp",
    "server_label": "docs",
    "server_url": "https://docs.example",
    "authorization": "hush-1",
    "headers": {"X-Key": "hush-2"},
    "require_approval": "never",
}
OTHER_TOKEN = {**TOOL, "authorization": "hush-3"}
KEYED = {**TOOL, "server_label": "keyed", "server_url": "https://keyed.example"}


def sent(event: dict[str, Any]) -> ClientSent:
    return ClientSent(decode_client_event(json.dumps(event)))


def update(tool: dict[str, Any]) -> ClientSent:
    return sent({"type": "session.update", "session": {"type": "realtime", "tools": [tool]}})


@pytest.mark.parametrize("with_sound", [True, False])
def test_no_secret_is_recorded_and_the_replay_agrees(tmp_path: Path, with_sound: bool) -> None:
    configured = msgspec.convert({"type": "realtime", "tools": [KEYED]}, RealtimeSessionUpdate)
    options = SessionOptions(configured=configured)
    session = Session(options, new_id=seeded_ids(SEED), check_server=check_server)
    header = Header(server_version="1", options=options, seed=SEED, wall_s=0)
    listed = (ListedTool(name="look", input_schema={"type": "object"}),)
    ids: list[str] = []
    with open_recordings(tmp_path, with_sound=with_sound) as recordings:
        recorder = recordings.start(session.session_id, header)

        def tell(item: Input) -> None:
            outputs = session.handle(item, 0.0)
            recorder.saw(0.0, item, outputs)
            ids.extend(o.item_id for o in outputs if isinstance(o, (ListTools, CallTool)))

        tell(SessionOpened(0))
        tell(ToolsListed(ids[-1], listed))
        tell(update(TOOL))
        tell(ToolsListed(ids[-1], listed))
        tell(update(OTHER_TOKEN))
        outputs = session.handle(start := sent({"type": "response.create"}), 0.0)
        recorder.saw(0.0, start, outputs)
        [job_id] = [o.request.response_id for o in outputs if isinstance(o, StartResponse)]
        tell(ResponseProgress(job_id, ToolCallStarted("look")))
        tell(ResponseProgress(job_id, ToolCallFinished()))
        tell(ToolReturned(ids[-1], "Seen."))
        tell(ResponseProgress(job_id, Finished()))
        recorder.ended(0.0)

    [path] = tmp_path.glob("*.jsonl")
    assert "hush" not in path.read_text()
    assert '"look"' in path.read_text()
    assert all(step.agrees for step in replay(path))
