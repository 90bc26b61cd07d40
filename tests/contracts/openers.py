"""Every engine that must keep the contracts: how it is opened, and what is said to it.

One entry adds an engine; the checks run by themselves.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Literal, TypeVar

import pytest

from tests.api.server import served
from tests.bundled_models import model_dir
from vivavoce.engines.cascade.responder import CascadeResponder
from vivavoce.engines.language_models import chat_completions
from vivavoce.engines.loader import find_engine
from vivavoce.engines.responders import omni, realtime
from vivavoce.engines.synthesizers import openai_http as http_synthesizer
from vivavoce.engines.transcribers import openai_http as http_transcriber
from vivavoce.interfaces import (
    LanguageModel,
    Prompt,
    PromptMessage,
    Responder,
    ResponderEngine,
    SpeechDetector,
    Synthesizer,
    Transcriber,
    TurnJudge,
)
from vivavoce.media.pcm import Pcm
from vivavoce.media.wav import read_wav
from vivavoce.testing.contracts import PromptSample, SpokenSample
from vivavoce.testing.engines import (
    Answer,
    Heard,
    ScriptedLanguageModel,
    ScriptedResponder,
    ScriptedSpeechDetector,
    ScriptedSynthesizer,
    ScriptedTranscriber,
    ScriptedTurnJudge,
    scripted_engines,
)
from vivavoce.testing.http_engines import HttpScript, http_engines

T = TypeVar("T")
Open = Callable[[], AbstractAsyncContextManager[T]]

AUDIO = Path(__file__).parents[1] / "audio"
LONG, SHORT = "librivox-austen-0880.wav", "goforward.wav"
TEXTS = ("Well, I am glad to hear that. Let us meet tomorrow at noon.", "Yes, of course.")


@cache
def recording(name: str = LONG) -> Pcm:
    return read_wav(AUDIO / name)


def spoken_samples() -> tuple[SpokenSample, SpokenSample]:
    return SpokenSample(recording(LONG), "young"), SpokenSample(recording(SHORT), "forward")


def prompt_samples() -> tuple[PromptSample, PromptSample]:
    return _capital("sess_1", "France", "Paris"), _capital("sess_2", "Japan", "Tokyo")


def _capital(session_id: str, country: str, capital: str) -> PromptSample:
    question = PromptMessage("user", f"What is the capital of {country}?")
    prompt = Prompt(
        session_id=session_id,
        instructions="Answer in one short sentence.",
        items=(question,),
        max_output_tokens=40,
    )
    return PromptSample(prompt, capital)


def real(role: str, use: str, settings: Callable[[], dict[str, object]]) -> Open[T]:
    """An engine of ours, by its name in the configuration."""
    return lambda: find_engine(role, use)(settings())


def _only_file(model: str) -> str:
    (file,) = (path for path in model_dir(model).iterdir() if path.suffix in (".gguf", ".onnx"))
    return str(file)


@asynccontextmanager
async def scripted(engine: T) -> AsyncGenerator[T, None]:
    yield engine


def _hear(number: int) -> Heard:
    # The checks transcribe three times, then two turns at once.
    return Heard(text="Go forward." if number == 5 else "A young man.", partials=("A",))


def _answer(prompt: Prompt) -> Answer:
    asked = prompt.items[-1]
    return Answer(text=_capital_of(str(asked)))


def _capital_of(question: str) -> str:
    return "It is Tokyo, I think." if "Japan" in question else "It is Paris, I think."


def _transcript_of(n_bytes: int) -> str:
    shortest = min(len(recording(name).data) for name in (LONG, SHORT))
    return "Go forward." if n_bytes < shortest + 1000 else "A young man."


def over_http(
    open_engine: Callable[[dict[str, object]], AbstractAsyncContextManager[T]],
    *,
    spoken_as: Literal["vendor", "vllm"] = "vendor",
    **settings: object,
) -> Open[T]:
    @asynccontextmanager
    async def opened() -> AsyncGenerator[T, None]:
        script = HttpScript(
            transcript=_transcript_of,
            answer=_capital_of,
            transcript_ms=5,
            first_token_ms=5,
            token_ms=1,
            first_audio_ms=5,
            spoken_as=spoken_as,
        )
        async with (
            http_engines(script) as url,
            open_engine({"base_url": url, "model": "m", **settings}) as engine,
        ):
            yield engine

    return opened


def responder_of(opens: Open[ResponderEngine]) -> Open[Responder]:
    @asynccontextmanager
    async def opened() -> AsyncGenerator[Responder, None]:
        async with opens() as engine:
            yield engine.responder

    return opened


def over_realtime() -> Open[Responder]:
    """Another server of ours, with a responder that keeps the contract itself."""

    @asynccontextmanager
    async def opened() -> AsyncGenerator[ResponderEngine, None]:
        async with served(is_ready=False) as upstream:
            upstream.gateway.engines = scripted_engines(answer=_answer)
            async with realtime.open_engine(
                {"base_url": f"{upstream.url}/v1", "model": "gpt-realtime"}
            ) as it:
                yield it

    return responder_of(opened)


def models(name: str, opens: Open[T]) -> object:
    """Mark an entry as one that needs real models."""
    return pytest.param(opens, id=name, marks=pytest.mark.models)


def plain(name: str, opens: Open[T]) -> object:
    return pytest.param(opens, id=name)


TRANSCRIBERS = [
    plain("scripted", lambda: scripted(ScriptedTranscriber(_hear))),
    plain("openai-http", over_http(http_transcriber.open_engine)),
    plain("openai-http, streamed", over_http(http_transcriber.open_engine, stream=True)),
    plain("openai-http, lists", over_http(http_transcriber.open_engine, model="gpt-transcribe")),
    plain(
        "openai-http, diarized",
        over_http(http_transcriber.open_engine, model="gpt-4o-transcribe-diarize"),
    ),
    models(
        "whisper",
        real("transcriber", "whisper", lambda: {"model_dir": str(model_dir("whisper-base"))}),
    ),
]
LANGUAGE_MODELS = [
    plain("scripted", lambda: scripted(ScriptedLanguageModel(_answer))),
    plain("chat-completions", over_http(chat_completions.open_engine, prefill=True)),
    models(
        "llama-cpp",
        real(
            "language_model",
            "llama-cpp",
            lambda: {"model_path": _only_file("qwen2.5-coder-0.5b-instruct")},
        ),
    ),
]
SYNTHESIZERS = [
    plain("scripted", lambda: scripted(ScriptedSynthesizer())),
    plain("openai-http", over_http(http_synthesizer.open_engine)),
    models("bundled", real("synthesizer", "bundled", dict)),
]
RESPONDERS = [
    plain("scripted", lambda: scripted(ScriptedResponder(_answer))),
    plain(
        "cascade",
        lambda: scripted(CascadeResponder(ScriptedLanguageModel(_answer), ScriptedSynthesizer())),
    ),
    plain("realtime", over_realtime()),
    plain("omni", responder_of(over_http(omni.open_engine))),
    plain("omni, as vLLM speaks", responder_of(over_http(omni.open_engine, spoken_as="vllm"))),
]
TURN_JUDGES = [
    plain("scripted", lambda: scripted(ScriptedTurnJudge())),
    models(
        "smart-turn",
        real("turn_judge", "smart-turn", lambda: {"model_dir": str(model_dir("smart-turn-v3.2"))}),
    ),
]
SPEECH_DETECTORS = [
    plain("scripted", lambda: scripted(ScriptedSpeechDetector)),
    plain("silero", real("speech_detector", "silero", dict)),
]

OpenTranscriber = Open[Transcriber]
OpenLanguageModel = Open[LanguageModel]
OpenSynthesizer = Open[Synthesizer]
OpenResponder = Open[Responder]
OpenTurnJudge = Open[TurnJudge]
OpenSpeechDetector = Open[Callable[[], SpeechDetector]]
