"""The addresses of documents and vector stores."""

from aiohttp import web

from vivavoce.api.files import Files
from vivavoce.api.gateway import Gateway
from vivavoce.api.keyed import with_standard_key
from vivavoce.api.vector_store_files import VectorStoreFiles
from vivavoce.api.vector_store_search import VectorStoreSearch
from vivavoce.api.vector_stores import VectorStores

_STORES = "/v1/vector_stores"
_STORE = f"{_STORES}/{{store_id}}"
_FILE = f"{_STORE}/files/{{file_id}}"
_BATCHES = f"{_STORE}/file_batches"


def document_routes(gateway: Gateway) -> list[web.RouteDef]:
    """Return the addresses; none where the server has no documents."""
    documents, adding = gateway.documents, gateway.adding
    if documents is None or adding is None:
        return []
    files, stores = Files(documents), VectorStores(documents, adding)
    within, search = VectorStoreFiles(documents, adding), VectorStoreSearch(documents)
    handlers = (
        ("GET", "/v1/files", files.index),
        ("POST", "/v1/files", files.add),
        ("GET", "/v1/files/{file_id}", files.show),
        ("DELETE", "/v1/files/{file_id}", files.remove),
        ("GET", "/v1/files/{file_id}/content", files.content),
        ("GET", _STORES, stores.index),
        ("POST", _STORES, stores.add),
        ("GET", _STORE, stores.show),
        ("POST", _STORE, stores.change),
        ("DELETE", _STORE, stores.remove),
        ("POST", f"{_STORE}/search", search.__call__),
        ("GET", f"{_STORE}/files", within.index),
        ("POST", f"{_STORE}/files", within.add),
        ("GET", _FILE, within.show),
        ("POST", _FILE, within.change),
        ("DELETE", _FILE, within.remove),
        ("GET", f"{_FILE}/content", within.content),
        ("POST", _BATCHES, within.add_batch),
        ("GET", f"{_BATCHES}/{{batch_id}}", within.show_batch),
        ("GET", f"{_BATCHES}/{{batch_id}}/files", within.index),
    )
    return [
        web.route(method, address, with_standard_key(gateway, handler))
        for method, address, handler in handlers
    ]
