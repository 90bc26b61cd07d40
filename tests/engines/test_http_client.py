from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from msgspec import Struct

from tests.engines.raw_http import answering, chunked, events, whole
from vivavoce.engines.http_client import (
    Endpoint,
    HttpClient,
    decoded,
    event_data,
    open_client,
    parse_endpoint,
)
from vivavoce.errors import ConfigError, EngineError

KEY = "sk-very-secret-key"
ROLE = "toy server"


class Options(Struct, frozen=True, forbid_unknown_fields=True):
    size: int = 1


async def failure(answer: bytes, *, timeout_s: float = 30, then_closes: bool = True) -> str:
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(answering(answer, then_closes=then_closes))
        endpoint = Endpoint(base_url=url, model="m", api_key=KEY, timeout_s=timeout_s)
        client = await stack.enter_async_context(open_client(endpoint, ROLE))
        with pytest.raises(EngineError) as caught:
            await read(client)
    return caught.value.message.replace(url, "URL")


async def read(client: HttpClient) -> None:
    async with client.post_json("/things", {}) as response:
        async for data in event_data(response, client):
            decoded(data, dict[str, int], client)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (
            whole("401 Unauthorized", b'{"error": {"message": "Wrong key: %s."}}' % KEY.encode()),
            "answered 401 Unauthorized: Wrong key: ***",
        ),
        (whole("404 Not Found", b'{"detail": "no model m"}'), "answered 404 Not Found: no model m"),
        (
            whole("400 Bad Request", b'{"error": "too\\nlong"}'),
            "answered 400 Bad Request: too long",
        ),
        (whole("502 Bad Gateway", b"<html>", b"text/html"), "answered 502 Bad Gateway."),
        (whole("503 Service Unavailable", b"later"), "answered 503 Service Unavailable: later"),
        (whole("301 Moved Permanently", b""), "answered 301 Moved Permanently."),
        (events("{nonsense"), "sent what can't be understood: '{nonsense'."),
        (events('{"a": "text"}'), 'sent what can\'t be understood: \'{"a": "text"}\'.'),
        (events('{"a": 1}', ends=False), "broke off: "),
        (b"HTTP/9 nonsense\r\n\r\n", "broke off: "),
        (b"", "broke off: Server disconnected."),
        (chunked(b"text/event-stream", b"data: " + b"x" * 2_000_000), "sent an endless line."),
    ],
)
async def test_what_goes_wrong_becomes_a_sentence_for_the_operator(
    answer: bytes, reason: str
) -> None:
    message = await failure(answer)

    assert message.startswith(f"The toy server at URL {reason}")
    assert KEY not in message


@pytest.mark.parametrize("answer", [b"", events('{"a": 1}', ends=False)])
async def test_a_server_that_says_nothing_is_given_up(answer: bytes) -> None:
    message = await failure(answer, timeout_s=0.05, then_closes=False)

    assert message == "The toy server at URL said nothing for 0.05 s."


async def test_a_kept_connection_that_the_server_closed_is_no_failure() -> None:
    async with (
        answering(whole("200 OK", b"{}")) as url,
        open_client(Endpoint(base_url=url, model="m"), ROLE) as client,
    ):
        for _ in range(3):
            async with client.post_json("/things", {}) as response:
                assert await response.read() == b"{}"


async def test_a_server_that_is_not_there_is_named() -> None:
    async with answering(b"") as url:
        pass
    async with open_client(Endpoint(base_url=url, model="m"), ROLE) as client:
        with pytest.raises(EngineError) as caught:
            await read(client)

    assert caught.value.message.startswith(f"The toy server at {url} can't be reached: ")


async def test_secrets_of_address_and_headers_are_not_shown() -> None:
    endpoint = Endpoint(
        base_url="http://me:password1@127.0.0.1:1/v1?token=token123",
        model="m",
        headers={"X-Key": "header-secret"},
    )
    async with open_client(endpoint, ROLE) as client:
        error = client.error("refused password1, token123 and header-secret.")

    assert error.message == "The toy server at http://127.0.0.1:1/v1 refused ***, *** and ***."


async def test_events_may_be_cut_anywhere() -> None:
    text = b': hello\r\ndata: {"a": 1}\r\n\r\ndata:{"a": 2}\n\nevent: x\ndata: {"a": 3}'
    pieces = [text[place : place + 1] for place in range(len(text))]
    async with (
        answering(chunked(b"text/event-stream", *pieces)) as url,
        open_client(Endpoint(base_url=url, model="m"), ROLE) as client,
        client.post_json("/things", {}) as response,
    ):
        found = [data async for data in event_data(response, client)]

    assert found == [b'{"a": 1}', b'{"a": 2}', b'{"a": 3}']


def test_settings_are_shared_between_endpoint_and_engine() -> None:
    settings = {"base_url": "http://x/v1", "model": "m", "size": 3}

    assert parse_endpoint(settings, Options) == (
        Endpoint(base_url="http://x/v1", model="m"),
        Options(3),
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"model": "m"}, "base_url: this setting is needed"),
        ({"base_url": "x/v1", "model": "m"}, "base_url: an address begins with http"),
        ({"base_url": "http://x", "model": "m", "siez": 1}, "siez: there is no such setting"),
        ({"base_url": "http://x", "model": "m", "timeout_s": 0}, "timeout_s: Expected float > 0"),
        (
            {"base_url": "http://x", "model": "m", "api_key": "k", "api_key_file": "f"},
            "api_key_file: give the key itself or a file",
        ),
    ],
)
def test_bad_settings_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_endpoint(settings, Options)

    assert str(caught.value).startswith(message)


async def test_the_key_may_lie_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(f"{KEY}\n")
    endpoint = Endpoint(base_url="http://x/v1", model="m", api_key_file=str(file))

    async with open_client(endpoint, ROLE) as client:
        assert client.error(KEY).message.endswith("***")


async def test_a_missing_file_of_the_key_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "none"
    endpoint = Endpoint(base_url="http://x/v1", model="m", api_key_file=str(file))

    with pytest.raises(ConfigError, match="api_key_file: cannot read the key"):
        async with open_client(endpoint, ROLE):
            pass
