"""The bundled engines by themselves: transcript, first clause, its synthesis, one after the other.

What a server without any cleverness would add to the silence; timed in the same run as the
server, so that the ratio means something on a noisy machine.
"""

import time
from collections.abc import AsyncIterator
from contextlib import aclosing

from benchmarks.clips import Clip
from vivavoce.assembly.engines import opened_engines
from vivavoce.config import load_config
from vivavoce.core.options import DEFAULT_INSTRUCTIONS
from vivavoce.interfaces import (
    AudioDelta,
    AudioOrPause,
    Engines,
    LanguageModel,
    Prompt,
    PromptMessage,
    ResponseRequest,
    Tool,
    Transcript,
    TranscriptionHints,
)
from vivavoce.media.pcm import Pcm


async def bare_chain(profile: str, clips: list[Clip]) -> list[float]:
    """Return ms per clip from the end of its audio to the first sample of an answer to it."""
    async with opened_engines(load_config(flags={"profile": profile})) as engines:
        await settled(engines.language_model)
        prompt = Prompt(session_id="sess_bare", instructions=DEFAULT_INSTRUCTIONS)
        await engines.language_model.prefill(prompt)
        await once(engines, clips[0], prompt)
        return [await once(engines, clip, prompt) for clip in clips]


async def settled(model: LanguageModel) -> None:
    """Wait until the model has read what it reads after its start, for sessions with functions."""
    await model.prefill(Prompt(session_id="sess_settled", tools=(Tool("wait"),)))
    model.release("sess_settled")


async def once(engines: Engines, clip: Clip, prompt: Prompt) -> float:
    """Time one clip."""
    started = time.perf_counter()
    text = await transcribed(engines, clip.audio())
    items = (PromptMessage("user", text or "hello"),)
    asked = Prompt(session_id=prompt.session_id, instructions=prompt.instructions, items=items)
    request = ResponseRequest(response_id="resp_bare", prompt=asked)
    async with aclosing(engines.responder.respond(request)) as events:
        async for event in events:
            if isinstance(event, AudioDelta):
                break
    return (time.perf_counter() - started) * 1000


async def transcribed(engines: Engines, audio: bytes) -> str:
    """Return the transcript of audio that is all there at once."""

    async def whole() -> AsyncIterator[AudioOrPause]:
        yield Pcm(audio)

    async with aclosing(engines.transcriber.transcribe(whole(), TranscriptionHints())) as events:
        async for event in events:
            if isinstance(event, Transcript):
                return event.text
    return ""
