"""`/v1/vector_stores`: collections of documents, and searching them."""

from functools import partial

from aiohttp import web

from vivavoce.api.adding import Adding
from vivavoce.api.admission import AdmittedKey
from vivavoce.api.documents import Documents
from vivavoce.api.errors import error_response, json_response
from vivavoce.api.files import file_not_found
from vivavoce.api.paging import asked_page, list_answer
from vivavoce.api.vector_store_bodies import (
    CHANGED_STORE,
    NEW_STORE,
    Deleted,
    FileToAdd,
    check_expiry,
    new_store_file,
    shown_store,
)
from vivavoce.errors import ProtocolError
from vivavoce.protocol.codec import decode_body
from vivavoce.store.documents import find_file
from vivavoce.store.vector_stores import (
    add_store,
    change_store,
    find_store,
    list_stores,
    remove_store,
)


class VectorStores:
    """The handlers."""

    def __init__(self, documents: Documents, adding: Adding) -> None:
        self._documents = documents
        self._adding = adding

    async def index(self, request: web.Request, key: AdmittedKey) -> web.StreamResponse:
        """List stores."""
        try:
            page = asked_page(request)
            found = await self._documents.database.run(partial(list_stores, page=page))
            return json_response(list_answer(found, shown_store, lambda kept: kept.id))
        except ProtocolError as error:
            return error_response(400, error)

    async def add(self, request: web.Request, key: AdmittedKey) -> web.StreamResponse:
        """Make a store, with files if some are named."""
        documents = self._documents
        try:
            body = decode_body(await request.read(), NEW_STORE)
            check_expiry(body.expires_after)
            strategy = body.chunking_strategy
            new = [
                new_store_file(FileToAdd(file_id=file_id, chunking_strategy=strategy))
                for file_id in body.file_ids
            ]
        except ProtocolError as error:
            return error_response(400, error)
        for file_id in body.file_ids:
            if await documents.database.run(partial(find_file, file_id=file_id)) is None:
                return file_not_found(file_id)
        store_id = documents.new_id("vs")
        await documents.database.run(
            partial(
                add_store,
                store_id=store_id,
                name=body.name or "",
                description=body.description,
                metadata=body.metadata or {},
                now_s=documents.clock.wall(),
            )
        )
        for file in new:
            self._adding.add(await documents.put(store_id, file))
        return await self._answer(store_id)

    async def show(self, request: web.Request, key: AdmittedKey) -> web.StreamResponse:
        """Return a store."""
        return await self._answer(request.match_info["store_id"])

    async def change(self, request: web.Request, key: AdmittedKey) -> web.StreamResponse:
        """Give a store another name or other metadata."""
        store_id = request.match_info["store_id"]
        try:
            body = decode_body(await request.read(), CHANGED_STORE)
            check_expiry(body.expires_after)
        except ProtocolError as error:
            return error_response(400, error)
        change = partial(change_store, store_id=store_id, name=body.name, metadata=body.metadata)
        await self._documents.database.run(change)
        return await self._answer(store_id)

    async def remove(self, request: web.Request, key: AdmittedKey) -> web.StreamResponse:
        """Forget a store; its files stay."""
        store_id = request.match_info["store_id"]
        if not await self._documents.database.run(partial(remove_store, store_id=store_id)):
            return store_not_found(store_id)
        return json_response(Deleted(id=store_id, object="vector_store.deleted"))

    async def _answer(self, store_id: str) -> web.StreamResponse:
        found = await self._documents.database.run(partial(find_store, store_id=store_id))
        return store_not_found(store_id) if found is None else json_response(shown_store(found))


def store_not_found(store_id: str) -> web.Response:
    """Return the answer where there is no such store."""
    message = f"Vector store with id '{store_id[:100]}' not found."
    error = ProtocolError(message, code="vector_store_not_found", param="vector_store_id")
    return error_response(404, error)
