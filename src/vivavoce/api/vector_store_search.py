"""`POST /v1/vector_stores/{id}/search`."""

from collections.abc import Mapping
from functools import partial
from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from vivavoce.api.admission import AdmittedKey
from vivavoce.api.attribute_filters import parse_filter
from vivavoce.api.documents import Documents
from vivavoce.api.errors import error_response, json_response
from vivavoce.api.vector_stores import store_not_found
from vivavoce.errors import ConfigError, EngineError, ProtocolError
from vivavoce.protocol.codec import decode_body
from vivavoce.store.passage_search import FoundPassage
from vivavoce.store.vector_stores import Attribute, find_store

MAX_QUERIES = 8
_Query = Annotated[str, Meta(min_length=1, max_length=4_096)]


class RankingOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How results are ranked."""

    ranker: str = "auto"
    score_threshold: Annotated[float, Meta(ge=0, le=1)] = 0.0


class SearchBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body."""

    query: _Query | Annotated[tuple[_Query, ...], Meta(min_length=1, max_length=MAX_QUERIES)]
    filters: object = None
    max_num_results: Annotated[int, Meta(ge=1, le=50)] = 10
    ranking_options: RankingOptions = RankingOptions()
    rewrite_query: bool = False


class Content(Struct, frozen=True, kw_only=True):
    """Text of a passage."""

    type: str = "text"
    text: str


class ShownPlace(Struct, frozen=True, kw_only=True):
    """Where a passage stands in its document; an addition of ours."""

    heading: str
    page: int | None
    start: int
    end: int


class Result(Struct, frozen=True, kw_only=True):
    """A passage that was found, as the vendor shows it."""

    file_id: str
    filename: str
    score: float
    attributes: Mapping[str, Attribute]
    content: tuple[Content, ...]
    place: ShownPlace


class Results(Struct, frozen=True, kw_only=True):
    """The answer."""

    object: str = "vector_store.search_results.page"
    search_query: tuple[str, ...]
    data: tuple[Result, ...]
    has_more: bool = False
    next_page: None = None


_DECODER = msgspec.json.Decoder(SearchBody)


class VectorStoreSearch:
    """The handler."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    async def __call__(self, request: web.Request, key: AdmittedKey) -> web.StreamResponse:
        """Search a store."""
        store_id = request.match_info["store_id"]
        try:
            body = decode_body(await request.read(), _DECODER)
            _check(body)
            matches = None if body.filters is None else parse_filter(body.filters)
        except ProtocolError as error:
            return error_response(400, error)
        if await self._documents.read(partial(find_store, store_id=store_id)) is None:
            return store_not_found(store_id)
        queries = (body.query,) if isinstance(body.query, str) else body.query
        best: dict[tuple[str, int], FoundPassage] = {}
        try:
            for query in queries:
                for found in await self._documents.search(
                    (store_id,), query, body.max_num_results, matches
                ):
                    place = found.file_id, found.passage.start
                    if place not in best or best[place].score < found.score:
                        best[place] = found
        except (EngineError, ConfigError) as error:
            failed = ProtocolError(error.message, code="engine_unavailable", kind="server_error")
            return error_response(503, failed)
        ranked = sorted(best.values(), key=lambda found: -found.score)[: body.max_num_results]
        threshold = body.ranking_options.score_threshold
        shown = tuple(_shown(found) for found in ranked if found.score >= threshold)
        return json_response(Results(search_query=queries, data=shown))


def _check(body: SearchBody) -> None:
    if body.ranking_options.ranker != "auto":
        raise ProtocolError(
            "There is one ranker here, 'auto': meaning and words together.",
            code="unsupported_value",
            param="ranking_options.ranker",
        )
    if body.rewrite_query:
        raise ProtocolError(
            "Queries are not rewritten here.", code="unsupported_value", param="rewrite_query"
        )


def _shown(found: FoundPassage) -> Result:
    passage = found.passage
    return Result(
        file_id=found.file_id,
        filename=found.filename,
        score=round(found.score, 4),
        attributes=found.attributes,
        content=(Content(text=passage.text),),
        place=ShownPlace(
            heading=passage.heading, page=passage.page, start=passage.start, end=passage.end
        ),
    )
