import asyncio
import sys

import aiohttp

from vivavoce.testing.http_engines import HttpRequests, HttpScript, http_engines
from vivavoce.testing.script import Call

CHAT = {"messages": [{"role": "user", "content": "Hi."}]}


async def test_every_delay_is_that_of_the_script() -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    script = HttpScript(answer="one two three", transcript_ms=1, piece_ms=5)
    form = aiohttp.FormData({"model": "m"})
    form.add_field("file", b"abc", filename="audio.wav")
    async with http_engines(script, sleep=sleep) as url, aiohttp.ClientSession() as session:
        for path, body in (
            ("/audio/transcriptions", {"data": form}),
            ("/chat/completions", {"json": CHAT}),
            ("/audio/speech", {"json": {"input": "one"}}),
        ):
            async with session.post(url + path, **body) as response:
                assert response.status == 200
                await response.read()

    assert waits == [0.001, 0.08, 0.01, 0.01, 0.04, 0.005, 0.005]


async def test_calls_are_made_when_there_are_tools_and_the_user_spoke_last() -> None:
    script = HttpScript(answer="Hello.", calls=(Call("look"),), first_token_ms=0, token_ms=0)
    bodies = [
        CHAT | {"tools": []},
        CHAT,
        {"messages": [{"role": "tool", "content": "3"}], "tools": []},
    ]
    async with http_engines(script) as url, aiohttp.ClientSession() as session:
        answers = []
        for body in bodies:
            async with session.post(f"{url}/chat/completions", json=body) as response:
                answers.append(await response.text())

    assert ["look" in answer for answer in answers] == [True, False, False]


async def test_what_was_asked_is_kept_for_the_test() -> None:
    requests = HttpRequests()
    async with (
        http_engines(requests=requests) as url,
        aiohttp.ClientSession() as session,
        session.post(f"{url}/audio/speech", json={"input": ""}) as response,
    ):
        await response.read()

    assert requests.bodies == [{"input": ""}]
    assert (requests.n_running, requests.n_cut) == (0, 0)


async def test_it_runs_alone_and_prints_its_address() -> None:
    command = (sys.executable, "-m", "vivavoce.testing.http_engines", "--answer", "Hi.")
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        url = (await process.stdout.readline()).decode().strip()
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{url}/chat/completions", json=CHAT) as response,
        ):
            text = await response.text()
    finally:
        process.terminate()
        await process.wait()

    assert '"content":"Hi."' in text
