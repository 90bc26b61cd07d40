"""Files and vector stores with the official client, over real sockets."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import openai
import pytest
from openai import AsyncOpenAI
from yarl import URL

from tests.api.server import Served, served
from tests.tools.files.handbook import FOLDER
from tests.tools.files.hashed_words import Broken, opened_documents
from vivavoce.interfaces import Embedder

POLL_MS = 20


@asynccontextmanager
async def shelf(
    folder: Path, embedder: Embedder | None = None, keys: tuple[str, ...] = ()
) -> AsyncIterator[tuple[AsyncOpenAI, Served]]:
    """Serve an empty shelf until the block is left; yield a client and the server."""
    async with (
        opened_documents(folder, embedder) as documents,
        served(documents=documents, keys=keys) as server,
        AsyncOpenAI(base_url=f"{server.url}/v1", api_key="right", max_retries=0) as client,
    ):
        yield client, server


async def test_a_file_is_kept_listed_read_and_deleted(tmp_path: Path) -> None:
    async with shelf(tmp_path) as (client, _):
        made = await client.files.create(file=("a.txt", b"Hello."), purpose="user_data")
        got = await client.files.retrieve(made.id)
        listed = [file.id async for file in client.files.list()]
        content = await client.files.content(made.id)
        deleted = await client.files.delete(made.id)
        left = [file.id async for file in client.files.list()]

    assert (made.filename, made.bytes, made.purpose) == ("a.txt", 6, "user_data")
    assert got == made
    assert listed == [made.id]
    assert content.content == b"Hello."
    assert deleted.deleted
    assert left == []


@pytest.mark.parametrize(
    "head",
    [
        b"garbage",
        b'Content-Disposition: form-data; name="file"; filename="a\0b.txt"',
        b'Content-Disposition: form-data; name="file"; filename="a\nb.txt"',
        b'Content-Disposition: form-data; name="file"; filename="a"\r\nContent-Encoding: gzip',
        b'Content-Disposition: form-data; name="file"; filename="a"\r\n'
        b"Content-Transfer-Encoding: odd",
    ],
)
async def test_a_form_that_is_broken_is_refused(tmp_path: Path, head: bytes) -> None:
    body = b"--x\r\n" + head + b"\r\n\r\nHello.\r\n--x--\r\n"
    async with shelf(tmp_path) as (_, server):
        answer = await server.http.post(
            f"{server.url}/v1/files",
            data=body,
            headers={"Content-Type": "multipart/form-data; boundary=x"},
        )
        error = (await answer.json())["error"]

    assert (answer.status, error["param"]) == (400, "file")


async def test_who_leaves_in_the_middle_of_an_upload_is_no_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    head = (
        "POST /v1/files HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n\r\n"
        '--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nHel'
    )
    async with shelf(tmp_path) as (client, server):
        _, writer = await asyncio.open_connection("127.0.0.1", URL(server.url).port)
        writer.write(head.encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        left = [file.id async for file in client.files.list()]

    assert left == []
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_a_document_is_uploaded_polled_and_found_with_its_place(tmp_path: Path) -> None:
    async with shelf(tmp_path) as (client, _):
        store = await client.vector_stores.create(name="handbook")
        file = await client.vector_stores.files.upload_and_poll(
            vector_store_id=store.id, file=FOLDER / "returns.md", poll_interval_ms=POLL_MS
        )
        found = await client.vector_stores.search(store.id, query="Refunds go to the card")
        store = await client.vector_stores.retrieve(store.id)

    assert (file.status, file.last_error) == ("completed", None)
    assert file.chunking_strategy is not None
    assert file.chunking_strategy.to_dict() == {
        "type": "static",
        "static": {"max_chunk_size_tokens": 128, "chunk_overlap_tokens": 32},
    }
    best = found.data[0]
    text = (FOLDER / "returns.md").read_text()
    assert best.filename == "returns.md"
    assert best.content[0].text.startswith("Refunds go to the card")
    place = best.to_dict()["place"]
    assert isinstance(place, dict)
    assert place["heading"] == "Returns and refunds > When the money comes"
    assert text[place["start"] : place["end"]] == best.content[0].text
    assert (store.status, store.file_counts.completed) == ("completed", 1)


async def test_a_store_is_listed_changed_and_deleted_without_its_files(tmp_path: Path) -> None:
    async with shelf(tmp_path) as (client, _):
        file = await client.files.create(file=("a.txt", b"Apples."), purpose="assistants")
        one = await client.vector_stores.create(name="one", file_ids=[file.id])
        two = await client.vector_stores.create(name="two", metadata={"a": "b"})
        listed = [store.id async for store in client.vector_stores.list(limit=1, order="asc")]
        changed = await client.vector_stores.update(two.id, name="zwei", metadata={})
        deleted = await client.vector_stores.delete(one.id)
        with pytest.raises(openai.NotFoundError):
            await client.vector_stores.retrieve(one.id)
        kept = await client.files.retrieve(file.id)

    assert listed == [one.id, two.id]
    assert (changed.name, changed.metadata) == ("zwei", {})
    assert deleted.deleted
    assert kept.id == file.id


async def test_what_is_removed_is_found_no_more(tmp_path: Path) -> None:
    async with shelf(tmp_path) as (client, _):
        store = await client.vector_stores.create(name="s")
        ids = []
        for name in ("apples.txt", "pears.txt", "plums.txt"):
            text = f"A document of {name.removesuffix('.txt')}.".encode()
            kept = await client.files.create(file=(name, text), purpose="assistants")
            await client.vector_stores.files.create_and_poll(
                kept.id, vector_store_id=store.id, poll_interval_ms=POLL_MS
            )
            ids.append(kept.id)
        before = await client.vector_stores.search(store.id, query="document")
        await client.vector_stores.files.delete(ids[0], vector_store_id=store.id)
        await client.files.delete(ids[1])
        after = await client.vector_stores.search(store.id, query="document")

    assert {one.file_id for one in before.data} == set(ids)
    assert [one.file_id for one in after.data] == [ids[2]]


async def test_files_are_filtered_by_their_attributes(tmp_path: Path) -> None:
    async with shelf(tmp_path) as (client, _):
        store = await client.vector_stores.create(name="s")
        for year in (2023, 2024, 2025):
            await client.vector_stores.files.upload_and_poll(
                vector_store_id=store.id,
                file=(f"{year}.txt", b"The report of a year."),
                attributes={"year": year, "kind": "report"},
                poll_interval_ms=POLL_MS,
            )
        found = await client.vector_stores.search(
            store.id,
            query="report",
            filters={
                "type": "and",
                "filters": [
                    {"type": "gte", "key": "year", "value": 2024},
                    {"type": "in", "key": "kind", "value": ["report", "letter"]},
                ],
            },
        )

    assert {one.filename for one in found.data} == {"2024.txt", "2025.txt"}
    assert found.data[0].attributes is not None
    assert found.data[0].attributes["kind"] == "report"


async def test_files_are_added_in_batches(tmp_path: Path) -> None:
    async with shelf(tmp_path) as (client, _):
        store = await client.vector_stores.create(name="s")
        files = [
            await client.files.create(file=(f"{n}.txt", b"Text."), purpose="assistants")
            for n in range(3)
        ]
        batch = await client.vector_stores.file_batches.create_and_poll(
            store.id, file_ids=[file.id for file in files], poll_interval_ms=POLL_MS
        )
        listed = await client.vector_stores.file_batches.list_files(
            batch.id, vector_store_id=store.id
        )

    assert (batch.status, batch.file_counts.completed) == ("completed", 3)
    assert {file.id for file in listed.data} == {file.id for file in files}


async def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    async with shelf(tmp_path) as (client, _):
        store = await client.vector_stores.create(name="s")
        file = await client.vector_stores.files.upload_and_poll(
            vector_store_id=store.id, file=("a.pdf", b"no pdf"), poll_interval_ms=POLL_MS
        )

    assert file.status == "failed"
    assert file.last_error is not None
    assert file.last_error.code == "invalid_file"
    assert "no PDF" in file.last_error.message


async def test_without_the_embedding_model_files_fail_and_searches_are_refused(
    tmp_path: Path,
) -> None:
    async with shelf(tmp_path, Broken()) as (client, _):
        store = await client.vector_stores.create(name="s")
        file = await client.vector_stores.files.upload_and_poll(
            vector_store_id=store.id, file=("a.txt", b"Text."), poll_interval_ms=POLL_MS
        )
        with pytest.raises(openai.InternalServerError, match="no source has the model"):
            await client.vector_stores.search(store.id, query="text")

    assert file.last_error is not None
    assert file.last_error.code == "server_error"


async def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    async with shelf(tmp_path) as (client, _):
        with pytest.raises(openai.APIStatusError, match="larger than 1 MB") as refusal:
            await client.files.create(file=("a.txt", bytes(1_000_001)), purpose="assistants")

    assert refusal.value.status_code == 413


@pytest.mark.parametrize(
    ("address", "body", "param"),
    [
        ("", {"expires_after": {"anchor": "last_active_at", "days": 1}}, "expires_after"),
        ("", {"foo": 1}, "foo"),
        (
            "/ID/files",
            {
                "file_id": "x",
                "chunking_strategy": {
                    "type": "static",
                    "static": {"max_chunk_size_tokens": 800, "chunk_overlap_tokens": 400},
                },
            },
            "chunking_strategy.static.max_chunk_size_tokens",
        ),
        ("/ID/search", {"query": "x", "rewrite_query": True}, "rewrite_query"),
        ("/ID/search", {"query": "x", "ranking_options": {"ranker": "none"}}, "ranking_options"),
        ("/ID/search", {"query": "x", "filters": {"type": "like"}}, "filters.type"),
        ("/ID/search", {"query": ""}, "query"),
    ],
)
async def test_what_is_not_enacted_is_refused_by_name(
    tmp_path: Path, address: str, body: object, param: str
) -> None:
    async with shelf(tmp_path) as (client, server):
        store = await client.vector_stores.create(name="s")
        url = f"{server.url}/v1/vector_stores{address.replace('ID', store.id)}"
        answer = await server.http.post(url, json=body)
        error = (await answer.json())["error"]

    assert answer.status == 400
    assert error["param"].startswith(param)


async def test_pages_go_on_after_and_before_a_file(tmp_path: Path) -> None:
    async with shelf(tmp_path) as (client, server):
        ids = [
            (await client.files.create(file=(f"{n}.txt", b"x"), purpose="assistants")).id
            for n in range(5)
        ]

        async def page(**query: str) -> tuple[list[int], bool]:
            answer = await server.http.get(f"{server.url}/v1/files", params=query)
            body = await answer.json()
            return [ids.index(one["id"]) for one in body["data"]], body["has_more"]

        first = await page(limit="2", order="asc")
        second = await page(limit="2", order="asc", after=ids[1])
        back = await page(limit="2", order="asc", before=ids[4])
        newest = await page(limit="2")
        wrong = await server.http.get(f"{server.url}/v1/files", params={"after": "file_none"})

    assert first == ([0, 1], True)
    assert second == ([2, 3], True)
    assert back == ([2, 3], True)
    assert newest == ([4, 3], True)
    assert wrong.status == 400


async def test_documents_are_for_standard_keys(tmp_path: Path) -> None:
    async with shelf(tmp_path, keys=("right",)) as (client, _):
        minted = await client.realtime.client_secrets.create()
        ephemeral = AsyncOpenAI(base_url=client.base_url, api_key=minted.value, max_retries=0)
        async with ephemeral:
            with pytest.raises(openai.PermissionDeniedError):
                await ephemeral.files.list()
            with pytest.raises(openai.PermissionDeniedError):
                await ephemeral.vector_stores.list()


async def test_what_was_begun_is_done_when_the_server_starts_again(tmp_path: Path) -> None:
    async with opened_documents(tmp_path) as documents, served(documents=None):
        kept = await documents.keep("a.txt", b"Begun.", "assistants")
    async with shelf(tmp_path) as (client, _):
        store = await client.vector_stores.create(name="s", file_ids=[kept.id])
    async with shelf(tmp_path) as (client, _):
        file = await client.vector_stores.files.poll(
            kept.id, vector_store_id=store.id, poll_interval_ms=POLL_MS
        )

    assert file.status == "completed"
