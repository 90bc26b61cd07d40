"""Hooks for all tests: whatever is encoded for a client must please the official client."""

import sys
from collections import Counter, deque
from collections.abc import Iterator

import pytest

from tests.sdk_types import parse_with_sdk
from vivavoce.protocol.codec import ENCODED

MAX_CHECKED_PER_TYPE = 100
"""In one test. Enough for every shape; a load test sends thousands of equal deltas."""

_encoded: deque[bytes] = deque()
_n_seen: Counter[bytes] = Counter()


def _on_audit(name: str, args: tuple[object, ...]) -> None:
    if name != ENCODED:
        return
    (data,) = args
    assert isinstance(data, bytes)
    wire_type = data.split(b'"', 4)[3]
    _n_seen[wire_type] += 1
    if _n_seen[wire_type] <= MAX_CHECKED_PER_TYPE:
        _encoded.append(data)


sys.addaudithook(_on_audit)


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
    for data in list(_encoded):
        parse_with_sdk(data)
