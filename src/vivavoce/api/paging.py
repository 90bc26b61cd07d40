"""Lists that are read page by page: `limit`, `after`, `before`, `order`."""

from collections.abc import Callable
from typing import TypeVar, get_args

from aiohttp import web
from msgspec import Struct

from vivavoce.errors import ProtocolError
from vivavoce.store.documents import Listed, Order, Page

T = TypeVar("T")
DEFAULT_LIMIT = 20
MAX_LIMIT = 100


class ListAnswer(Struct, frozen=True, kw_only=True):
    """One page."""

    object: str = "list"
    data: tuple[Struct, ...]
    first_id: str | None
    last_id: str | None
    has_more: bool


def asked_page(
    request: web.Request,
    *,
    default_limit: int = DEFAULT_LIMIT,
    max_limit: int = MAX_LIMIT,
    known: tuple[str, ...] = (),
) -> Page:
    """Return which page the query asks for.

    Args:
        request: whose query it is.
        default_limit: where it names none.
        max_limit: the largest it may name.
        known: further names the query may hold.

    Raises:
        ProtocolError: it asks for what there is not.
    """
    query = request.query
    for name in query:
        if name not in ("limit", "after", "before", "order", *known):
            raise ProtocolError(f"Unknown parameter: '{name[:100]}'.", param=name[:100])
    limit = query.get("limit", str(default_limit))
    if not (limit.isascii() and limit.isdecimal() and 1 <= int(limit[:9]) <= max_limit):
        raise ProtocolError(f"The limit is a number from 1 to {max_limit}.", param="limit")
    order = query.get("order", "desc")
    if order not in get_args(Order):
        raise ProtocolError("The order is 'asc' or 'desc'.", param="order")
    direction: Order = "asc" if order == "asc" else "desc"
    after, before = query.get("after"), query.get("before")
    return Page(limit=int(limit), after=after, before=before, order=direction)


def list_answer(
    found: Listed[T] | None, shown: Callable[[T], Struct], id_of: Callable[[T], str]
) -> ListAnswer:
    """Return the answer that holds a page.

    Raises:
        ProtocolError: the page begins nowhere.
    """
    if found is None:
        raise ProtocolError("'after' or 'before' names nothing in this list.", param="after")
    data = found.data
    return ListAnswer(
        data=tuple(shown(one) for one in data),
        first_id=id_of(data[0]) if data else None,
        last_id=id_of(data[-1]) if data else None,
        has_more=found.has_more,
    )
