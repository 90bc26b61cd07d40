"""`hostedMcpTool` of `@openai/agents-realtime`, with approval and without."""

import pytest

from tests.clients.playing import Played
from tests.clients.playing_mcp import played_by_node_with_mcp

pytestmark = pytest.mark.slow

ASKED = ["user", "What is the weather in Oslo?"]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return played_by_node_with_mcp("agents_mcp", tmp_path_factory.mktemp("agents_mcp"))


@pytest.mark.parametrize("scene", ["never", "approved"])
def test_a_tool_is_run_and_its_output_answered(played: Played, scene: str) -> None:
    assert played[scene] == {
        "output": "It is sunny in Oslo.",
        "history": [ASKED, ["assistant", "It is sunny there."]],
        "errors": [],
    }


def test_a_tool_that_is_not_approved_is_not_run(played: Played) -> None:
    assert played["rejected"] == {
        "history": [ASKED, ["assistant", "I do without."]],
        "errors": [],
    }


def test_only_allowed_tools_are_offered(played: Played) -> None:
    assert played["allowed_tools"] == {"tools": ["measure"], "errors": []}
