"""Hooks for all tests: whatever is encoded for a client must please the official client."""

import sys
from collections import Counter, deque
from collections.abc import Iterator

import pytest

from tests.beta_sdk_types import parse_with_beta_sdk
from tests.sdk_types import parse_with_sdk
from vivavoce.protocol.beta_codec import BETA_ENCODED
from vivavoce.protocol.codec import ENCODED

MAX_CHECKED_PER_TYPE = 100
"""In one test. Enough for every shape; a load test sends thousands of equal deltas."""

_JUDGES = {ENCODED: parse_with_sdk, BETA_ENCODED: parse_with_beta_sdk}
_encoded: deque[tuple[str, bytes]] = deque()
_n_seen: Counter[tuple[str, bytes]] = Counter()


def _on_audit(name: str, args: tuple[object, ...]) -> None:
    if name not in _JUDGES:
        return
    (data,) = args
    assert isinstance(data, bytes)
    wire_type = data.split(b'"', 4)[3]
    _n_seen[name, wire_type] += 1
    if _n_seen[name, wire_type] <= MAX_CHECKED_PER_TYPE:
        _encoded.append((name, data))


sys.addaudithook(_on_audit)


ONLY_WHEN_ASKED_FOR = ("slow", "browser")
"""Markers of tests that need more than `make test` installs; `-m` names them."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests that nobody asked for."""
    asked = config.getoption("markexpr")
    unasked = [marker for marker in ONLY_WHEN_ASKED_FOR if marker not in asked]
    left_out = [item for item in items if any(item.get_closest_marker(m) for m in unasked)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-transcripts",
        action="store_true",
        help="rewrite the expected lines of tests/transcripts/*.transcript",
    )


@pytest.fixture(autouse=True)
def _every_encoded_event_satisfies_the_official_types() -> Iterator[None]:
    _encoded.clear()
    _n_seen.clear()
    yield
    for name, data in list(_encoded):
        _JUDGES[name](data)
