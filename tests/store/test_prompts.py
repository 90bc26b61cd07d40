"""Stored prompts and their versions."""

from vivavoce.protocol.tools import FunctionTool
from vivavoce.store.database import IN_MEMORY, connect
from vivavoce.store.prompts import (
    PromptContent,
    add_prompt,
    find_prompt,
    list_prompts,
    list_versions,
    remove_prompt,
)
from vivavoce.store.tables import SCHEMAS


def test_each_addition_is_a_version_and_the_newest_is_found() -> None:
    store = connect(IN_MEMORY, SCHEMAS)
    tool = FunctionTool(name="look_up", parameters={"type": "object"})
    add_prompt(store, "shop", PromptContent(instructions="One."), 10)
    second = add_prompt(
        store, "shop", PromptContent(instructions="Two.", tools=(tool,), voice="alloy"), 20
    )
    add_prompt(store, "other", PromptContent(instructions="Other."), 30)

    newest, first = find_prompt(store, "shop"), find_prompt(store, "shop", "1")
    listed = [(kept.template.id, kept.template.version) for kept in list_prompts(store)]
    versions = list_versions(store, "shop")
    store.close()

    assert newest == second
    assert second.template.tools == (tool,)
    assert first is not None
    assert first.template.instructions == "One."
    assert listed == [("other", "1"), ("shop", "2")]
    assert versions == ["1", "2"]


def test_what_is_not_there_is_not_found() -> None:
    store = connect(IN_MEMORY, SCHEMAS)
    add_prompt(store, "shop", PromptContent(instructions="One."), 10)

    found = [find_prompt(store, "no"), *(find_prompt(store, "shop", v) for v in ("2", "01", ""))]
    removed = [remove_prompt(store, "shop"), remove_prompt(store, "shop")]
    left = find_prompt(store, "shop")
    store.close()

    assert found == [None] * 4
    assert removed == [True, False]
    assert left is None
