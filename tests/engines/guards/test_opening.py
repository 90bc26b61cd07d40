"""What an operator may write in `[[guardrails]]`, and for which sessions it holds."""

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from vivavoce.engines.guards.opening import check_guardrails, open_guards
from vivavoce.engines.guards.responder import GuardedResponder
from vivavoce.engines.guards.settings import GuardrailConfig
from vivavoce.errors import ConfigError
from vivavoce.interfaces import Embedder
from vivavoce.testing.engines import scripted_engines


def no_model() -> AbstractAsyncContextManager[Embedder]:
    raise AssertionError("there are no topics")


def guardrail(**fields: Any) -> GuardrailConfig:
    return GuardrailConfig(**{"name": "g", "kind": "words", **fields})


@pytest.mark.parametrize(
    ("config", "place"),
    [
        (guardrail(), "guardrails[0].words"),
        (guardrail(words=("...",)), "guardrails[0].words[0]"),
        (guardrail(patterns=("(",)), "guardrails[0].patterns[0]"),
        (guardrail(patterns=("a*",)), "guardrails[0].patterns[0]"),
        (guardrail(words=("a",), url="http://x"), "guardrails[0].url"),
        (guardrail(words=("a",), headers={"a": "b"}), "guardrails[0].headers"),
        (guardrail(kind="topics"), "guardrails[0].examples"),
        (guardrail(kind="classifier"), "guardrails[0].url"),
        (guardrail(kind="classifier", url="ftp://x"), "guardrails[0].url"),
        (guardrail(kind="classifier", url="http://x", model="m"), "guardrails[0].model"),
        (
            guardrail(kind="classifier", url="http://x", api_key="a", api_key_env="B"),
            "guardrails[0].api_key",
        ),
    ],
)
def test_what_cannot_be_enacted_is_refused_by_name(config: GuardrailConfig, place: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check_guardrails([config])
    assert caught.value.path == place


def test_two_of_one_name_are_refused() -> None:
    with pytest.raises(ConfigError, match="two of the name"):
        check_guardrails([guardrail(words=("a",)), guardrail(words=("b",))])


async def test_a_missing_variable_is_refused() -> None:
    config = guardrail(kind="classifier", url="http://x", api_key_env="GONE")
    with pytest.raises(ConfigError, match="GONE"):
        async with open_guards([config], {}, no_model):
            pass


async def test_a_guard_rail_holds_for_the_sessions_it_names() -> None:
    configs = [
        guardrail(name="a", words=("a",), models=("gpt-realtime",)),
        guardrail(name="b", words=("b",), keys=("shop",)),
    ]
    engines = scripted_engines()

    async with open_guards(configs, {}, no_model) as guards:
        unheld = guards.stand_before(engines, "gpt-realtime-mini", "other")
        by_model = guards.stand_before(engines, "gpt-realtime", "other")
        by_key = guards.stand_before(engines, "gpt-realtime-mini", "shop")

    assert unheld is engines
    assert isinstance(by_model.responder, GuardedResponder)
    assert isinstance(by_key.responder, GuardedResponder)


async def test_what_its_user_raises_comes_out_as_it_is() -> None:
    with pytest.raises(asyncio.CancelledError):
        async with open_guards([], {}, no_model):
            raise asyncio.CancelledError
