"""The session's `tracing`."""

import pytest
from msgspec import UNSET

from vivavoce.core.tracing_settings import MAX_TRACING_BYTES, merge_tracing
from vivavoce.errors import ProtocolError
from vivavoce.protocol.session import Tracing, TracingConfiguration

NAMED = TracingConfiguration(workflow_name="orders", metadata={"shop": 7})


@pytest.mark.parametrize("tracing", ["auto", NAMED])
def test_it_can_be_turned_on_once(tracing: Tracing) -> None:
    assert merge_tracing(None, tracing) == tracing


@pytest.mark.parametrize("tracing", ["auto", NAMED, None])
def test_what_is_not_mentioned_or_the_same_changes_nothing(tracing: Tracing | None) -> None:
    assert merge_tracing(tracing, UNSET) == tracing
    assert merge_tracing(tracing, tracing) == tracing


@pytest.mark.parametrize(
    ("current", "update"),
    [("auto", None), ("auto", NAMED), (NAMED, "auto"), (NAMED, TracingConfiguration())],
)
def test_once_on_it_cannot_be_changed(current: Tracing, update: Tracing | None) -> None:
    with pytest.raises(ProtocolError, match="cannot be changed") as refused:
        merge_tracing(current, update)

    assert refused.value.param == "session.tracing"


def test_what_is_kept_with_every_trace_has_a_bound() -> None:
    with pytest.raises(ProtocolError, match=str(MAX_TRACING_BYTES)):
        merge_tracing(None, TracingConfiguration(metadata={"x": "y" * MAX_TRACING_BYTES}))
