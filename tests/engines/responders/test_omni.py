"""A model that hears and speaks, over real sockets."""

import base64
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from typing import Any, Literal

import pytest
from msgspec import structs

from tests.engines.raw_http import answering, events
from vivavoce.engines.responders.omni import open_engine
from vivavoce.errors import ConfigError, EngineError
from vivavoce.interfaces import (
    AudioDelta,
    Finished,
    Prompt,
    PromptItem,
    PromptMessage,
    PromptRead,
    ResponderEngine,
    ResponseEvent,
    ResponseRequest,
    TextDelta,
    Tool,
    ToolCallDelta,
    ToolCallFinished,
    ToolCallStarted,
)
from vivavoce.media.pcm import BYTES_PER_MS, Pcm, silence
from vivavoce.media.wav import wav_bytes
from vivavoce.testing.http_engines import HttpRequests, HttpScript, http_engines
from vivavoce.testing.script import Call

KEY = "sk-omni-secret"
SOUND = silence(300).data
SPOKEN = PromptMessage("user", "What is the capital of France?", SOUND)
ANSWER = "It is Paris, I think."
WAV_PART = {
    "type": "input_audio",
    "input_audio": {"data": base64.b64encode(wav_bytes(Pcm(SOUND))).decode(), "format": "wav"},
}


def request(*items: PromptItem, modality: str = "audio", **prompt: object) -> ResponseRequest:
    given = Prompt(session_id="sess_1", items=items or (SPOKEN,), spoken=False)
    return ResponseRequest(
        response_id="resp_1",
        prompt=structs.replace(given, **prompt),
        modality="text" if modality == "text" else "audio",
    )


@asynccontextmanager
async def engine_at(url: str, **settings: object) -> AsyncGenerator[ResponderEngine, None]:
    table = {"base_url": url, "model": "m", "api_key": KEY, **settings}
    async with open_engine(table) as engine:
        yield engine


async def answered(
    asked: ResponseRequest,
    *,
    script: HttpScript | None = None,
    seen: HttpRequests | None = None,
    **settings: object,
) -> list[ResponseEvent]:
    script = script or HttpScript(answer=ANSWER, first_token_ms=1, token_ms=0)
    async with http_engines(script, requests=seen) as url, engine_at(url, **settings) as engine:
        return await read(engine, asked)


async def read(engine: ResponderEngine, asked: ResponseRequest) -> list[ResponseEvent]:
    async with aclosing(engine.responder.respond(asked)) as stream:
        return [event async for event in stream if not isinstance(event, PromptRead)]


async def read_raw(*data: object, asked: ResponseRequest | None = None) -> list[ResponseEvent]:
    texts = [each if isinstance(each, str) else json.dumps(each) for each in data]
    async with answering(events(*texts)) as url, engine_at(url) as engine:
        return await read(engine, asked or request())


def text_of(found: list[ResponseEvent]) -> str:
    return "".join(event.text for event in found if isinstance(event, TextDelta))


def sound_of(found: list[ResponseEvent]) -> bytes:
    return b"".join(event.data for event in found if isinstance(event, AudioDelta))


@pytest.mark.parametrize("spoken_as", ["vendor", "vllm"])
async def test_a_spoken_answer_has_words_and_sound(spoken_as: Literal["vendor", "vllm"]) -> None:
    script = HttpScript(answer=ANSWER, first_token_ms=1, token_ms=0, spoken_as=spoken_as)

    found = await answered(request(), script=script)

    assert text_of(found) == ANSWER
    assert isinstance(found[0], TextDelta)
    assert len(sound_of(found)) == 5 * 300 * BYTES_PER_MS
    assert isinstance(found[-1], Finished)


async def test_words_of_a_server_that_writes_first_are_spread_over_the_sound() -> None:
    text = "It is Paris, which lies on the Seine. It is a city of many bridges. Go and see it."
    script = HttpScript(answer=text, first_token_ms=1, token_ms=0, spoken_as="vllm")

    found = await answered(request(), script=script)

    kinds = [type(event) for event in found]
    assert kinds.count(TextDelta) > 2
    assert text_of(found) == text
    assert AudioDelta in kinds[1 : len(kinds) - 1 - kinds[::-1].index(TextDelta)]


async def test_sound_is_asked_for_and_sent_as_the_interface_wants_it() -> None:
    seen = HttpRequests()

    await answered(request(), seen=seen, voices={"alloy": "Chelsie"}, extra_body={"seed": 1})

    (body,) = seen.bodies
    assert body["modalities"] == ["text", "audio"]
    assert body["audio"] == {"voice": "Chelsie", "format": "pcm16"}
    assert body["messages"] == [{"role": "user", "content": [WAV_PART]}]
    assert (body["stream"], body["seed"]) == (True, 1)


async def test_what_was_answered_is_told_in_words() -> None:
    seen = HttpRequests()

    await answered(request(SPOKEN, PromptMessage("assistant", ANSWER), SPOKEN), seen=seen)

    assert seen.bodies[0]["messages"] == [
        {"role": "user", "content": SPOKEN.text},
        {"role": "assistant", "content": ANSWER},
        {"role": "user", "content": [WAV_PART]},
    ]


async def test_sound_without_words_stays_sound() -> None:
    seen, mute = HttpRequests(), PromptMessage("user", "", SOUND)

    await answered(request(mute, PromptMessage("assistant", ANSWER), SPOKEN), seen=seen)

    messages = seen.bodies[0]["messages"]
    assert isinstance(messages, list)
    assert messages[0] == {"role": "user", "content": [WAV_PART]}


async def test_a_written_answer_has_no_sound() -> None:
    seen = HttpRequests()

    found = await answered(request(modality="text"), seen=seen)

    assert seen.bodies[0]["modalities"] == ["text"]
    assert "audio" not in seen.bodies[0]
    assert (text_of(found), sound_of(found)) == (ANSWER, b"")


async def test_calls_go_through() -> None:
    script = HttpScript(calls=(Call("look", '{"at": "sky"}'),), first_token_ms=1)

    found = await answered(request(tools=(Tool("look"),)), script=script)

    assert [event for event in found if not isinstance(event, ToolCallDelta)][:2] == [
        ToolCallStarted("look"),
        ToolCallFinished(),
    ]


async def test_what_the_interface_knows_of_a_prompt_is_passed_on() -> None:
    seen = HttpRequests()
    told: dict[str, Any] = {"max_output_tokens": 7, "temperature": 0.7, "reasoning_effort": "low"}

    await answered(request(**told), seen=seen, max_tokens_field="max_completion_tokens")

    body = seen.bodies[0]
    assert body["max_completion_tokens"] == 7
    assert (body["temperature"], body["reasoning_effort"]) == (0.7, "low")


@pytest.mark.parametrize("speed", [0.5, 1.5])
async def test_speed_is_enacted_here(speed: float) -> None:
    found = await answered(structs.replace(request(), speed=speed))

    length_ms = len(sound_of(found)) / BYTES_PER_MS
    assert length_ms == pytest.approx(5 * 300 / speed, rel=0.05)


async def test_usage_passes_through() -> None:
    found = await read_raw(
        {"choices": [{"delta": {"audio": {"transcript": "Hi."}}}]},
        {"choices": [{"delta": {}, "finish_reason": "stop"}]},
        {
            "choices": [],
            "usage": {"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": 4}},
        },
        "[DONE]",
    )

    assert found == [TextDelta("Hi."), Finished("stop", 9, 4)]


async def test_samples_cut_in_half_are_joined() -> None:
    pieces = [base64.b64encode(data).decode() for data in (b"abc", b"d")]

    found = await read_raw(
        {"choices": [{"delta": {"audio": {"transcript": "Hi."}}}]},
        *({"choices": [{"delta": {"audio": {"data": piece}}}]} for piece in pieces),
        {"choices": [{"delta": {}, "finish_reason": "stop"}]},
    )

    assert sound_of(found) == b"abcd"


@pytest.mark.parametrize(
    ("data", "reason"),
    [("%%%", "no base64"), (base64.b64encode(b"RIFF....AVI ").decode(), "no usable WAV")],
)
async def test_sound_that_is_none_ends_the_answer(data: str, reason: str) -> None:
    with pytest.raises(EngineError, match=reason):
        await read_raw({"choices": [{"delta": {"audio": {"data": data}}}]}, "[DONE]")


async def test_an_answer_cut_off_is_an_error() -> None:
    with pytest.raises(EngineError, match="in the middle"):
        await read_raw({"choices": [{"delta": {"audio": {"transcript": "Hi."}}}]})


async def test_a_refusal_has_no_secrets() -> None:
    refusal = {"error": {"message": f"Wrong key {KEY}."}}

    with pytest.raises(EngineError, match=r"omni model server .* Wrong key \*\*\*"):
        await read_raw(refusal)


async def test_as_a_writer_it_writes() -> None:
    script = HttpScript(answer=ANSWER, first_token_ms=1, token_ms=0)
    async with http_engines(script) as url, engine_at(url, window_tokens=4096) as engine:
        model = engine.language_model
        written = [event async for event in model.generate(request().prompt)]
        found = [event for event in written if not isinstance(event, PromptRead)]
        await model.prefill(request().prompt)
        model.check_tool(Tool("look"))
        model.release("sess_1")

    assert text_of(list(found)) == ANSWER
    assert (model.window_tokens, model.reasoning_efforts, model.prepare_after_ms) == (4096, (), 32)


async def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(ConfigError):
        async with engine_at("http://127.0.0.1:1/v1", colour="red"):
            pytest.fail("it opened")
