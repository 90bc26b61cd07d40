"""Filters of a search: which files are looked into, by their attributes.

Source: the `filters` of `POST /v1/vector_stores/{id}/search`.
"""

from collections.abc import Callable, Mapping, Sequence

from vivavoce.errors import ProtocolError
from vivavoce.store.passage_search import Matches
from vivavoce.store.vector_stores import Attribute

MAX_DEPTH = 8
_Compare = Callable[[Attribute | None, object], bool]


def parse_filter(given: object, param: str = "filters", depth: int = 0) -> Matches:
    """Return what a filter says of a file's attributes.

    Raises:
        ProtocolError: it is none; `param` says where.
    """
    if not isinstance(given, Mapping):
        raise ProtocolError("A filter is an object.", param=param)
    if depth > MAX_DEPTH:
        raise ProtocolError(f"Filters go at most {MAX_DEPTH} deep.", param=param)
    kind = given.get("type")
    if kind in ("and", "or"):
        _only(given, ("type", "filters"), param)
        return _compound(given, param, depth, all if kind == "and" else any)
    compare = _COMPARISONS.get(kind) if isinstance(kind, str) else None
    if compare is None:
        names = ", ".join((*_COMPARISONS, "and", "or"))
        raise ProtocolError(f"The type of a filter is one of {names}.", param=f"{param}.type")
    _only(given, ("type", "key", "value"), param)
    return _comparison(given, param, str(kind), compare)


def _compound(
    given: Mapping[str, object],
    param: str,
    depth: int,
    join: Callable[[Sequence[bool]], bool],
) -> Matches:
    inner = given.get("filters")
    if not isinstance(inner, Sequence) or isinstance(inner, str) or not inner:
        raise ProtocolError("A list of filters is needed.", param=f"{param}.filters")
    parsed = [
        parse_filter(one, f"{param}.filters[{place}]", depth + 1) for place, one in enumerate(inner)
    ]
    return lambda attributes: join([matches(attributes) for matches in parsed])


def _comparison(given: Mapping[str, object], param: str, kind: str, compare: _Compare) -> Matches:
    key, value = given.get("key"), given.get("value")
    if not isinstance(key, str):
        raise ProtocolError("The key of a filter is a string.", param=f"{param}.key")
    wants_list = kind in ("in", "nin")
    if wants_list is not isinstance(value, list) or not isinstance(value, list | str | int | float):
        what = "a list" if wants_list else "a string, a number or a boolean"
        raise ProtocolError(f"The value of '{kind}' is {what}.", param=f"{param}.value")
    return lambda attributes: compare(attributes.get(key), value)


def _only(given: Mapping[str, object], known: Sequence[str], param: str) -> None:
    for name in given:
        if name not in known:
            raise ProtocolError(f"Unknown parameter: '{param}.{name}'.", param=f"{param}.{name}")


def _same(a: Attribute | None, b: object) -> bool:
    # In Python, True is 1.
    return isinstance(a, bool) is isinstance(b, bool) and a == b


def _ordered(test: Callable[[float], bool]) -> _Compare:
    def compare(a: Attribute | None, b: object) -> bool:
        if isinstance(a, str) and isinstance(b, str):
            return test((a > b) - (a < b))
        numbers = isinstance(a, int | float) and isinstance(b, int | float)
        return numbers and test((a > b) - (a < b))  # type: ignore[operator]  # both are numbers

    return compare


_COMPARISONS: Mapping[str, _Compare] = {
    "eq": _same,
    "ne": lambda a, b: not _same(a, b),
    "gt": _ordered(lambda sign: sign > 0),
    "gte": _ordered(lambda sign: sign >= 0),
    "lt": _ordered(lambda sign: sign < 0),
    "lte": _ordered(lambda sign: sign <= 0),
    "in": lambda a, b: isinstance(b, list) and any(_same(a, one) for one in b),
    "nin": lambda a, b: not (isinstance(b, list) and any(_same(a, one) for one in b)),
}
