"""`/v1/vector_stores/{id}/files` and `/file_batches`: what is in a store."""

from collections.abc import Mapping
from functools import partial
from typing import get_args

import msgspec
from aiohttp import web
from msgspec import Struct

from vivavoce.api.adding import Adding
from vivavoce.api.admission import AdmittedKey
from vivavoce.api.documents import Documents
from vivavoce.api.errors import error_response, json_response
from vivavoce.api.files import file_not_found
from vivavoce.api.paging import asked_page, list_answer
from vivavoce.api.vector_store_bodies import (
    CHANGED_FILE,
    FILE_TO_ADD,
    FILES_TO_ADD,
    Deleted,
    ShownBatch,
    ShownStoreFile,
    file_counts,
    files_of_batch,
    new_store_file,
    shown_store_file,
)
from vivavoce.api.vector_store_search import Content
from vivavoce.api.vector_stores import store_not_found
from vivavoce.errors import ProtocolError
from vivavoce.protocol.codec import decode_body
from vivavoce.store.documents import find_file
from vivavoce.store.passages import passages_of
from vivavoce.store.vector_stores import (
    NewStoreFile,
    Status,
    StoreFile,
    add_batch,
    change_attributes,
    find_batch,
    find_store,
    find_store_file,
    list_store_files,
    remove_store_file,
)

POLL_AFTER_MS = {"openai-poll-after-ms": "200"}
"""Clients that wait for a file ask again after this time; without it, after a second."""


class ContentPage(Struct, frozen=True, kw_only=True):
    """The passages of a file."""

    object: str = "vector_store.file_content.page"
    data: tuple[Content, ...]
    has_more: bool = False
    next_page: None = None


class VectorStoreFiles:
    """The handlers."""

    def __init__(self, documents: Documents, adding: Adding) -> None:
        self._documents = documents
        self._adding = adding

    async def index(self, request: web.Request, key: AdmittedKey) -> web.StreamResponse:
        """List the files of a store, or of a batch."""
        store_id, batch_id = request.match_info["store_id"], request.match_info.get("batch_id")
        if not await self._is_store(store_id):
            return store_not_found(store_id)
        if batch_id is not None and await self._counts(store_id, batch_id) is None:
            return _batch_not_found(batch_id)
        try:
            page = asked_page(request, known=("filter",))
            status = _asked_status(request)
            found = await self._documents.database.run(
                partial(
                    list_store_files, store_id=store_id, page=page, status=status, batch_id=batch_id
                )
            )
            return json_response(list_answer(found, shown_store_file, lambda file: file.file_id))
        except ProtocolError as error:
            return error_response(400, error)

    async def add(self, request: web.Request, key: AdmittedKey) -> web.StreamResponse:
        """Put a file into a store."""
        store_id = request.match_info["store_id"]
        try:
            new = new_store_file(decode_body(await request.read(), FILE_TO_ADD))
        except ProtocolError as error:
            return error_response(400, error)
        if (missing := await self._missing(store_id, (new,))) is not None:
            return missing
        entry = await self._documents.put(store_id, new)
        self._adding.add(entry)
        return json_response(shown_store_file(entry), headers=POLL_AFTER_MS)

    async def show(self, request: web.Request, key: AdmittedKey) -> web.StreamResponse:
        """Return a file within a store."""
        found = await self._found(request)
        return _not_in_store(request) if found is None else _answer(shown_store_file(found))

    async def change(self, request: web.Request, key: AdmittedKey) -> web.StreamResponse:
        """Give a file within a store other attributes."""
        names = request.match_info
        try:
            body = decode_body(await request.read(), CHANGED_FILE)
        except ProtocolError as error:
            return error_response(400, error)
        changed = await self._documents.database.run(
            partial(
                change_attributes,
                store_id=names["store_id"],
                file_id=names["file_id"],
                attributes=body.attributes or {},
            )
        )
        return _not_in_store(request) if changed is None else _answer(shown_store_file(changed))

    async def content(self, request: web.Request, key: AdmittedKey) -> web.StreamResponse:
        """Return the passages that a file was cut into."""
        found = await self._found(request)
        if found is None:
            return _not_in_store(request)
        passages = await self._documents.database.run(partial(passages_of, entry=found.seq))
        return json_response(
            ContentPage(data=tuple(Content(text=passage.text) for passage in passages))
        )

    async def remove(self, request: web.Request, key: AdmittedKey) -> web.StreamResponse:
        """Take a file out of a store; the file itself stays."""
        store_id, file_id = request.match_info["store_id"], request.match_info["file_id"]
        was_there = await self._documents.database.run(
            partial(remove_store_file, store_id=store_id, file_id=file_id)
        )
        if not was_there:
            return _not_in_store(request)
        return json_response(Deleted(id=file_id, object="vector_store.file.deleted"))

    async def add_batch(self, request: web.Request, key: AdmittedKey) -> web.StreamResponse:
        """Put several files into a store."""
        documents, store_id = self._documents, request.match_info["store_id"]
        batch_id = documents.new_id("vsfb")
        try:
            wanted = files_of_batch(decode_body(await request.read(), FILES_TO_ADD))
            new = tuple(new_store_file(file, batch_id) for file in wanted)
        except ProtocolError as error:
            return error_response(400, error)
        if (missing := await self._missing(store_id, new)) is not None:
            return missing
        now_s = documents.clock.wall()
        await documents.database.run(
            partial(add_batch, batch_id=batch_id, store_id=store_id, now_s=now_s)
        )
        for file in new:
            self._adding.add(await documents.put(store_id, file))
        return await self._batch_answer(store_id, batch_id)

    async def show_batch(self, request: web.Request, key: AdmittedKey) -> web.StreamResponse:
        """Return how far a batch is."""
        names = request.match_info
        return await self._batch_answer(names["store_id"], names["batch_id"])

    async def _batch_answer(self, store_id: str, batch_id: str) -> web.StreamResponse:
        found = await self._counts(store_id, batch_id)
        if found is None:
            return _batch_not_found(batch_id)
        created_at, counts = found
        return _answer(
            ShownBatch(
                id=batch_id,
                created_at=created_at,
                vector_store_id=store_id,
                status="in_progress" if counts["in_progress"] else "completed",
                file_counts=file_counts(counts),
            )
        )

    async def _counts(
        self, store_id: str, batch_id: str
    ) -> tuple[int, Mapping[Status, int]] | None:
        return await self._documents.database.run(
            partial(find_batch, store_id=store_id, batch_id=batch_id)
        )

    async def _found(self, request: web.Request) -> StoreFile | None:
        names = request.match_info
        return await self._documents.database.run(
            partial(find_store_file, store_id=names["store_id"], file_id=names["file_id"])
        )

    async def _is_store(self, store_id: str) -> bool:
        found = await self._documents.database.run(partial(find_store, store_id=store_id))
        return found is not None

    async def _missing(self, store_id: str, new: tuple[NewStoreFile, ...]) -> web.Response | None:
        """Return the answer where the store or one of the files is not there."""
        if not await self._is_store(store_id):
            return store_not_found(store_id)
        for file in new:
            find = partial(find_file, file_id=file.file_id)
            if await self._documents.database.run(find) is None:
                return file_not_found(file.file_id)
        return None


def _asked_status(request: web.Request) -> Status | None:
    wanted = request.query.get("filter")
    if wanted is None:
        return None
    try:
        status: Status = msgspec.convert(wanted, Status)
    except msgspec.ValidationError:
        names = ", ".join(get_args(Status))
        raise ProtocolError(f"The filter is one of {names}.", param="filter") from None
    return status


def _answer(shown: ShownStoreFile | ShownBatch) -> web.Response:
    return json_response(shown, headers=POLL_AFTER_MS)


def _not_in_store(request: web.Request) -> web.Response:
    store_id, file_id = request.match_info["store_id"], request.match_info["file_id"]
    message = f"No file '{file_id[:100]}' found in the vector store '{store_id[:100]}'."
    return error_response(404, ProtocolError(message, code="file_not_found", param="file_id"))


def _batch_not_found(batch_id: str) -> web.Response:
    message = f"No file batch with id '{batch_id[:100]}' found."
    return error_response(404, ProtocolError(message, code="batch_not_found", param="batch_id"))
