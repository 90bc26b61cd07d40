import pytest

from vivavoce.api.attribute_filters import parse_filter
from vivavoce.errors import ProtocolError
from vivavoce.store.vector_stores import Attribute

BOOK: dict[str, Attribute] = {"title": "Emma", "year": 1815.0, "sold": True}


@pytest.mark.parametrize(
    ("kind", "key", "value", "holds"),
    [
        ("eq", "title", "Emma", True),
        ("eq", "sold", 1, False),
        ("eq", "price", 1, False),
        ("ne", "price", 1, True),
        ("gt", "year", 1814, True),
        ("gte", "year", 1815, True),
        ("lt", "title", "Z", True),
        ("lte", "year", 1814, False),
        ("lt", "title", 3, False),
        ("lt", "price", 3, False),
        ("in", "title", ["Emma", "Persuasion"], True),
        ("nin", "title", ["Emma"], False),
        ("nin", "price", [3], True),
    ],
)
def test_attributes_are_compared(kind: str, key: str, value: object, holds: bool) -> None:
    assert parse_filter({"type": kind, "key": key, "value": value})(BOOK) is holds


def test_filters_are_joined() -> None:
    old = {"type": "lt", "key": "year", "value": 1800}
    sold = {"type": "eq", "key": "sold", "value": True}

    assert parse_filter({"type": "or", "filters": [old, sold]})(BOOK)
    assert not parse_filter({"type": "and", "filters": [old, sold]})(BOOK)


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ([], "filters"),
        ({"type": "like"}, "filters.type"),
        ({"type": "eq", "key": 1, "value": 1}, "filters.key"),
        ({"type": "eq", "key": "a", "value": [1]}, "filters.value"),
        ({"type": "in", "key": "a", "value": 1}, "filters.value"),
        ({"type": "eq", "key": "a", "value": 1, "foo": 1}, "filters.foo"),
        ({"type": "and", "filters": []}, "filters.filters"),
        ({"type": "and", "filters": [{"type": "x"}]}, "filters.filters[0].type"),
    ],
)
def test_what_is_no_filter_is_refused_with_its_place(given: object, param: str) -> None:
    with pytest.raises(ProtocolError) as refusal:
        parse_filter(given)

    assert refusal.value.param == param


def test_filters_go_only_so_deep() -> None:
    given: object = {"type": "eq", "key": "a", "value": 1}
    for _ in range(20):
        given = {"type": "or", "filters": [given]}

    with pytest.raises(ProtocolError, match="8 deep"):
        parse_filter(given)
