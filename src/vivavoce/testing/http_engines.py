"""A server with the addresses that HTTP engines ask, and delays that never vary.

For tests and benchmarks: what is measured through it is our own time.
`python -m vivavoce.testing.http_engines --port 9000` runs it alone.
"""

import argparse
import asyncio
import base64
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

import msgspec
from aiohttp import BodyPartReader, web
from msgspec import Struct

from vivavoce.media.pcm import BYTES_PER_MS, Pcm
from vivavoce.media.wav import wav_bytes
from vivavoce.testing.script import Call, Sleep, Voice, speech, tokens

MAX_UPLOAD_BYTES = 64 << 20
PIECE_MS = 100


class HttpScript(Struct, frozen=True, kw_only=True):
    """What the server says, and how long it takes for it."""

    transcript: str | Callable[[int], str] = "What is the capital of France?"
    """Or what is made of a file of so many bytes."""
    answer: str | Callable[[str], str] = "The capital of France is Paris. It lies on the Seine."
    """Or what is made of the last message."""
    calls: tuple[Call, ...] = ()
    """Made in place of the answer when the request has tools and ends with the user's words."""
    transcript_ms: float = 40
    first_token_ms: float = 80
    token_ms: float = 10
    first_audio_ms: float = 40
    piece_ms: float = 0
    """Between one piece of sound and the next."""
    spoken_as: Literal["vendor", "vllm"] = "vendor"
    """How a chat completion is spoken that is asked for with sound: words and their sound by turns
    in `delta.audio`, or all words first and then `content` that is sound, as vLLM-Omni does."""
    voice: Voice = Voice()


@dataclass
class HttpRequests:
    """What the server was asked, and how that ended."""

    bodies: list[dict[str, object]] = field(default_factory=list)
    """Of all addresses, in order; of a form its fields, of a file its size."""
    n_running: int = 0
    n_cut: int = 0
    """Requests whose client went away before the end."""
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def some_began(self) -> None:
        """Wait until a request runs."""
        async with self.changed:
            await self.changed.wait_for(lambda: self.n_running > 0)

    async def all_ended(self) -> None:
        """Wait until no request runs."""
        async with self.changed:
            await self.changed.wait_for(lambda: self.n_running == 0)


@asynccontextmanager
async def http_engines(
    script: HttpScript | None = None,
    *,
    port: int = 0,
    requests: HttpRequests | None = None,
    sleep: Sleep = asyncio.sleep,
) -> AsyncGenerator[str, None]:
    """Serve on the loopback interface; yield the `base_url` for the settings of engines.

    Args:
        script: what is said; None: the defaults.
        port: 0 for any free one.
        requests: filled with what is asked, if a test wants to see it; grows without bound.
        sleep: how time passes.
    """
    server = _Server(script or HttpScript(), requests, sleep)
    app = web.Application(client_max_size=MAX_UPLOAD_BYTES)
    app.router.add_post("/v1/audio/transcriptions", partial(server.attend, server.transcribe))
    app.router.add_post("/v1/chat/completions", partial(server.attend, server.complete))
    app.router.add_post("/v1/audio/speech", partial(server.attend, server.speak))
    app.router.add_post("/v1/audio/voice_consents", partial(server.attend, server.note_consent))
    app.router.add_post("/v1/audio/voices", partial(server.attend, server.make_voice))
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until interrupted; print the address when ready."""
    defaults = HttpScript()
    parser = argparse.ArgumentParser(prog="python -m vivavoce.testing.http_engines")
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    for name in ("transcript", "answer"):
        parser.add_argument(f"--{name}", default=getattr(defaults, name))
    for name in ("transcript_ms", "first_token_ms", "token_ms", "first_audio_ms"):
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, type=float, default=getattr(defaults, name))
    parser.add_argument(
        "--spoken-as", choices=("vendor", "vllm"), default=defaults.spoken_as, help="omni models"
    )
    given = vars(parser.parse_args(arguments))
    port = given.pop("port")
    try:
        asyncio.run(_serve(HttpScript(**given), port))
    except KeyboardInterrupt:
        sys.exit(130)


async def _serve(script: HttpScript, port: int) -> None:
    async with http_engines(script, port=port) as base_url:
        sys.stdout.write(f"{base_url}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


class _Server:
    def __init__(self, script: HttpScript, requests: HttpRequests | None, sleep: Sleep) -> None:
        self._script = script
        self._keeps_bodies = requests is not None
        self._requests = requests or HttpRequests()
        self._sleep = sleep

    async def attend(self, work: "_Work", request: web.Request) -> web.StreamResponse:
        """Do the work and note how it ends."""
        seen = self._requests
        seen.n_running += 1
        try:
            body = await _body(request)
            if self._keeps_bodies:
                seen.bodies.append(body)
            await _tell(seen)
            return await work(request, body)
        except (asyncio.CancelledError, ConnectionError):
            seen.n_cut += 1
            raise
        finally:
            seen.n_running -= 1
            await _tell(seen)

    async def transcribe(self, request: web.Request, body: dict[str, object]) -> web.StreamResponse:
        await self._wait(self._script.transcript_ms)
        text = self._script.transcript
        if not isinstance(text, str):
            n_bytes = body["file"]
            assert isinstance(n_bytes, int)
            text = text(n_bytes)
        whole = _transcript(text, body)
        if body.get("stream") != "true":
            return web.json_response(whole)
        events: list[object] = [
            {"type": "transcript.text.delta", "delta": word} for word in tokens(text)
        ]
        return await _send_events(request, [*events, {"type": "transcript.text.done", **whole}])

    async def complete(self, request: web.Request, body: dict[str, object]) -> web.StreamResponse:
        response = await _begin(request, "text/event-stream")
        await self._wait(self._script.first_token_ms)
        for number, chunk in enumerate(self._chunks(body)):
            await self._wait(self._script.token_ms if number else 0)
            await response.write(_event(chunk))
        reason = "tool_calls" if self._makes_calls(body) else "stop"
        await response.write(_event({"choices": [{"delta": {}, "finish_reason": reason}]}))
        await response.write(_event({"choices": [], "usage": _usage(body)}))
        await response.write(b"data: [DONE]\n\n")
        await response.write_eof()
        return response

    async def speak(self, request: web.Request, body: dict[str, object]) -> web.StreamResponse:
        response = await _begin(request, "audio/pcm")
        await self._wait(self._script.first_audio_ms)
        speed = body.get("speed", 1.0)
        assert isinstance(speed, int | float)
        sound = speech(str(body["input"]), self._script.voice, speed)
        step = PIECE_MS * BYTES_PER_MS + 1  # odd: who reads must carry half samples over
        for start in range(0, len(sound), step):
            await self._wait(self._script.piece_ms if start else 0)
            await response.write(sound[start : start + step])
        await response.write_eof()
        return response

    async def note_consent(self, request: web.Request, body: dict[str, object]) -> web.Response:
        return web.json_response({"object": "audio.voice_consent", "id": "cons_1", **_named(body)})

    async def make_voice(self, request: web.Request, body: dict[str, object]) -> web.Response:
        if body.get("consent") != "cons_1":
            error = {"message": "No such consent."}
            return web.json_response({"error": error}, status=404)
        return web.json_response({"object": "audio.voice", "id": "voice_1", **_named(body)})

    def _makes_calls(self, body: dict[str, object]) -> bool:
        ends_with_user = _last_message(body).get("role") == "user"
        return bool(self._script.calls) and "tools" in body and ends_with_user

    def _chunks(self, body: dict[str, object]) -> Iterator[Mapping[str, object]]:
        modalities = msgspec.convert(body.get("modalities", ["text"]), list[str])
        deltas = self._deltas(body)
        if "audio" not in modalities or self._makes_calls(body):
            yield from (_chunk(delta) for delta in deltas)
            return
        words = [str(delta["content"]) for delta in deltas]
        if self._script.spoken_as == "vendor":
            for word in words:
                yield _chunk({"audio": {"transcript": word}})
                yield _chunk({"audio": {"data": _base64(speech(word, self._script.voice))}})
            return
        yield from ({**_chunk({"content": word}), "modality": "text"} for word in words)
        for word in words:
            sound = wav_bytes(Pcm(speech(word, self._script.voice)))
            yield {**_chunk({"content": _base64(sound)}), "modality": "audio"}

    def _deltas(self, body: dict[str, object]) -> Iterator[Mapping[str, object]]:
        if not self._makes_calls(body):
            answer = self._script.answer
            text = answer if isinstance(answer, str) else answer(str(_last_message(body)))
            yield from ({"content": word} for word in tokens(text))
            return
        for index, call in enumerate(self._script.calls):
            first = {"name": call.name, "arguments": ""}
            yield {"tool_calls": [{"index": index, "id": f"call_{index}", "function": first}]}
            for piece in (call.arguments[:1], call.arguments[1:]):
                yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}

    async def _wait(self, ms: float) -> None:
        if ms > 0:
            await self._sleep(ms / 1000)


_Work = Callable[[web.Request, dict[str, object]], Awaitable[web.StreamResponse]]


async def _tell(requests: HttpRequests) -> None:
    async with requests.changed:
        requests.changed.notify_all()


async def _body(request: web.Request) -> dict[str, object]:
    if request.content_type == "application/json":
        body: dict[str, object] = msgspec.json.decode(await request.read(), type=dict[str, object])
        return body
    fields: dict[str, object] = {}
    async for part in await request.multipart():
        assert isinstance(part, BodyPartReader)
        assert part.name
        data = bytes(await part.read())
        value = len(data) if part.filename else data.decode()
        if part.name.endswith("[]"):
            known = fields.setdefault(part.name, [])
            assert isinstance(known, list)
            known.append(value)
        else:
            fields[part.name] = value
    return fields


def _named(body: dict[str, object]) -> dict[str, object]:
    return {"name": body["name"], "created_at": 0}


def _transcript(text: str, body: dict[str, object]) -> dict[str, object]:
    """Write a transcript with what the form asks for."""
    answer: dict[str, object] = {"text": text}
    if "include[]" in body:
        answer["logprobs"] = [{"token": word, "logprob": -0.1} for word in tokens(text)]
    if body.get("response_format") == "diarized_json":
        said = {"speaker": "A", "text": text, "start": 0.0, "end": 1.0}
        answer["segments"] = [{"type": "transcript.text.segment", "id": "seg_0", **said}]
    if "languages[]" in body:
        answer["languages"] = [
            {"code": code} for code in msgspec.convert(body["languages[]"], list[str])[:1]
        ]
    return answer


async def _begin(request: web.Request, content_type: str) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": content_type})
    await response.prepare(request)
    return response


async def _send_events(request: web.Request, events: Sequence[object]) -> web.StreamResponse:
    response = await _begin(request, "text/event-stream")
    for event in events:
        await response.write(_event(event))
    await response.write_eof()
    return response


def _chunk(delta: Mapping[str, object]) -> dict[str, object]:
    return {"choices": [{"delta": delta, "finish_reason": None}]}


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _event(body: object) -> bytes:
    return b"data: " + msgspec.json.encode(body) + b"\n\n"


def _last_message(body: dict[str, object]) -> Mapping[str, object]:
    messages = msgspec.convert(body["messages"], list[dict[str, object]])
    return messages[-1] if messages else {}


def _usage(body: dict[str, object]) -> dict[str, object]:
    n_tokens = len(msgspec.json.encode(body["messages"])) // 4
    return {"prompt_tokens": n_tokens, "prompt_tokens_details": {"cached_tokens": 0}}


if __name__ == "__main__":
    main()
