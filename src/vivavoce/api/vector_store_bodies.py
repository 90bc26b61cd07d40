"""What requests to `/v1/vector_stores` bring, and what they are answered with."""

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from vivavoce.api.documents import (
    DEFAULT_CHUNK_TOKENS,
    DEFAULT_OVERLAP_TOKENS,
    MAX_CHUNK_TOKENS,
)
from vivavoce.errors import ProtocolError
from vivavoce.store.vector_stores import (
    Attribute,
    KeptStore,
    LastError,
    NewStoreFile,
    Status,
    StoreFile,
)

MIN_CHUNK_TOKENS = 100
MAX_PAIRS = 16
MAX_BATCH = 2_000
_Key = Annotated[str, Meta(max_length=64)]
_Text = Annotated[str, Meta(max_length=512)]
Metadata = Annotated[dict[_Key, _Text], Meta(max_length=MAX_PAIRS)]
Attributes = Annotated[dict[_Key, _Text | float | bool], Meta(max_length=MAX_PAIRS)]
Name = Annotated[str, Meta(max_length=256)]


class StaticChunks(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How documents are cut, in tokens of the embedding model."""

    max_chunk_size_tokens: int
    chunk_overlap_tokens: int


class Auto(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="auto", tag_field="type"
):
    """As this server thinks best."""


class Static(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="static", tag_field="type"
):
    """As the client wants it."""

    static: StaticChunks


ChunkingStrategy = Auto | Static


class NewStore(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /v1/vector_stores`."""

    name: Name | None = None
    description: _Text | None = None
    file_ids: Annotated[tuple[str, ...], Meta(max_length=MAX_BATCH)] = ()
    metadata: Metadata | None = None
    chunking_strategy: ChunkingStrategy | None = None
    expires_after: object = None


class ChangedStore(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /v1/vector_stores/{id}`."""

    name: Name | None = None
    metadata: Metadata | None = None
    expires_after: object = None


class FileToAdd(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /v1/vector_stores/{id}/files`."""

    file_id: str
    attributes: Attributes | None = None
    chunking_strategy: ChunkingStrategy | None = None


class FilesToAdd(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /v1/vector_stores/{id}/file_batches`."""

    file_ids: Annotated[tuple[str, ...], Meta(max_length=MAX_BATCH)] = ()
    files: Annotated[tuple[FileToAdd, ...], Meta(max_length=MAX_BATCH)] = ()
    attributes: Attributes | None = None
    chunking_strategy: ChunkingStrategy | None = None


class ChangedFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /v1/vector_stores/{id}/files/{file_id}`."""

    attributes: Attributes | None


class FileCounts(Struct, frozen=True, kw_only=True):
    """How far the files of a store are."""

    in_progress: int
    completed: int
    cancelled: int
    failed: int
    total: int


class ShownStore(Struct, frozen=True, kw_only=True):
    """A store, as the vendor shows it."""

    id: str
    object: str = "vector_store"
    created_at: int
    name: str
    description: str | None
    usage_bytes: int
    file_counts: FileCounts
    status: Literal["in_progress", "completed"]
    last_active_at: int
    metadata: Mapping[str, str]
    expires_after: None = None
    expires_at: None = None


class ShownStoreFile(Struct, frozen=True, kw_only=True):
    """A file within a store, as the vendor shows it."""

    id: str
    object: str = "vector_store.file"
    created_at: int
    vector_store_id: str
    usage_bytes: int
    status: Status
    last_error: LastError | None
    attributes: Mapping[str, Attribute]
    chunking_strategy: Static


class ShownBatch(Struct, frozen=True, kw_only=True):
    """Files that are added together."""

    id: str
    object: str = "vector_store.files_batch"
    created_at: int
    vector_store_id: str
    status: Literal["in_progress", "completed"]
    file_counts: FileCounts


class Deleted(Struct, frozen=True, kw_only=True):
    """What is left of a store, or of a file within one."""

    id: str
    object: Literal["vector_store.deleted", "vector_store.file.deleted"]
    deleted: bool = True


NEW_STORE = msgspec.json.Decoder(NewStore)
CHANGED_STORE = msgspec.json.Decoder(ChangedStore)
FILE_TO_ADD = msgspec.json.Decoder(FileToAdd)
FILES_TO_ADD = msgspec.json.Decoder(FilesToAdd)
CHANGED_FILE = msgspec.json.Decoder(ChangedFile)


def new_store_file(wanted: FileToAdd, batch_id: str | None = None) -> NewStoreFile:
    """Return what is to be added.

    Raises:
        ProtocolError: the documents cannot be cut like that.
    """
    chunks = _chunks(wanted.chunking_strategy)
    return NewStoreFile(
        file_id=wanted.file_id,
        attributes=wanted.attributes or {},
        batch_id=batch_id,
        chunk_tokens=chunks.max_chunk_size_tokens,
        overlap_tokens=chunks.chunk_overlap_tokens,
    )


def files_of_batch(batch: FilesToAdd) -> tuple[FileToAdd, ...]:
    """Return the files of a batch, each with what is said for it.

    Raises:
        ProtocolError: it names them in both ways, or in none.
    """
    if bool(batch.files) is bool(batch.file_ids):
        raise ProtocolError("Either 'file_ids' or 'files' is needed.", param="file_ids")
    return batch.files or tuple(
        FileToAdd(
            file_id=file_id,
            attributes=batch.attributes,
            chunking_strategy=batch.chunking_strategy,
        )
        for file_id in batch.file_ids
    )


def check_expiry(expires_after: object) -> None:
    """Refuse what is not enacted.

    Raises:
        ProtocolError: a store is to expire.
    """
    if expires_after is not None:
        raise ProtocolError(
            "Vector stores do not expire here; delete them.",
            code="unsupported_parameter",
            param="expires_after",
        )


def shown_store(kept: KeptStore) -> ShownStore:
    """Return a store as the vendor shows it."""
    return ShownStore(
        id=kept.id,
        created_at=kept.created_at,
        name=kept.name,
        description=kept.description,
        usage_bytes=kept.usage_bytes,
        file_counts=file_counts(kept.file_counts),
        status="in_progress" if kept.file_counts["in_progress"] else "completed",
        last_active_at=kept.last_active_at,
        metadata=kept.metadata,
    )


def shown_store_file(kept: StoreFile) -> ShownStoreFile:
    """Return a file within a store as the vendor shows it."""
    chunks = StaticChunks(
        max_chunk_size_tokens=kept.chunk_tokens, chunk_overlap_tokens=kept.overlap_tokens
    )
    return ShownStoreFile(
        id=kept.file_id,
        created_at=kept.created_at,
        vector_store_id=kept.store_id,
        usage_bytes=kept.usage_bytes,
        status=kept.status,
        last_error=kept.last_error,
        attributes=kept.attributes,
        chunking_strategy=Static(static=chunks),
    )


def file_counts(counts: Mapping[Status, int]) -> FileCounts:
    """Return counts with their sum."""
    return FileCounts(
        in_progress=counts["in_progress"],
        completed=counts["completed"],
        cancelled=counts["cancelled"],
        failed=counts["failed"],
        total=sum(counts.values()),
    )


def _chunks(strategy: ChunkingStrategy | None) -> StaticChunks:
    if not isinstance(strategy, Static):
        return StaticChunks(
            max_chunk_size_tokens=DEFAULT_CHUNK_TOKENS, chunk_overlap_tokens=DEFAULT_OVERLAP_TOKENS
        )
    size, overlap = strategy.static.max_chunk_size_tokens, strategy.static.chunk_overlap_tokens
    place = "chunking_strategy.static"
    if not MIN_CHUNK_TOKENS <= size <= MAX_CHUNK_TOKENS:
        raise ProtocolError(
            f"The embedding model here reads passages of {MIN_CHUNK_TOKENS} to {MAX_CHUNK_TOKENS} "
            "tokens.",
            param=f"{place}.max_chunk_size_tokens",
        )
    if not 0 <= overlap <= size // 2:
        raise ProtocolError(
            "Passages overlap by at most half their size.", param=f"{place}.chunk_overlap_tokens"
        )
    return strategy.static
