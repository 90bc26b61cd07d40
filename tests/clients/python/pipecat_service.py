"""Pipecat's realtime service for OpenAI, in a pipeline without a room: frames in, frames out."""
# The client is installed in an environment of its own, which mypy does not see.
# mypy: ignore-errors

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from loguru import logger
from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.frames.frames import (
    ErrorFrame,
    Frame,
    FunctionCallResultFrame,
    InputAudioRawFrame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMRunFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSTextFrame,
)
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.services.llm_service import FunctionCallParams
from pipecat.services.openai.realtime import events
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from pipecat.workers.runner import WorkerRunner

from tests.clients.python.scenes import ONE_SECOND, SPEECH, WS_URL, Inbox, Seen, pieces, play

RATE_HZ = 24_000
WEATHER = FunctionSchema(
    name="get_weather",
    description="Tell the weather.",
    properties={"city": {"type": "string"}},
    required=["city"],
)

logger.remove()  # its log would go to standard error


class Conversation(BaseObserver):
    """A running pipeline, and the frames that its service has pushed."""

    def __init__(self, service: OpenAIRealtimeLLMService) -> None:
        super().__init__()
        self.service = service
        self.inbox: Inbox[Frame] = Inbox()
        self.errors: list[str] = []
        self.asked: list[dict[str, object]] = []
        self.words = ""
        self.samples = 0
        self.heard: list[str] = []
        self.worker: PipelineWorker | None = None
        self._noted: set[int] = set()

    async def on_push_frame(self, data: FramePushed) -> None:
        frame = data.frame
        if data.source is not self.service or frame.id in self._noted:
            return
        self._noted.add(frame.id)
        if isinstance(frame, ErrorFrame):
            self.errors.append(frame.error)
        if isinstance(frame, TTSTextFrame):
            self.words += frame.text
        if isinstance(frame, TTSAudioRawFrame):
            self.samples += len(frame.audio) // 2
        if isinstance(frame, TranscriptionFrame):
            self.heard.append(frame.text)
        self.inbox.put(frame)

    async def until(self, kind: type[Frame]) -> Frame:
        return await self.inbox.until(lambda frame: isinstance(frame, kind))

    async def say_in_two(self) -> None:
        """Speak; the pipeline notices it and stops what it is playing before the answer comes."""
        await self.say(SPEECH[:ONE_SECOND])
        await self.until(InterruptionFrame)
        await self.say(SPEECH[ONE_SECOND:])

    async def say(self, sound: bytes) -> None:
        for piece in pieces(sound):
            frame = InputAudioRawFrame(audio=piece, sample_rate=RATE_HZ, num_channels=1)
            await self.worker.queue_frame(frame)

    async def get_weather(self, call: FunctionCallParams) -> None:
        self.asked.append(dict(call.arguments))
        await call.result_callback({"sky": "sunny"})


@asynccontextmanager
async def conversation(words: str | None = None) -> AsyncIterator[Conversation]:
    """Run a pipeline; with words, they are in its context and are answered first."""
    transcription = events.InputAudioTranscription(model="whisper-1")
    audio = events.AudioConfiguration(input=events.AudioInput(transcription=transcription))
    service = OpenAIRealtimeLLMService(
        api_key="any",
        base_url=WS_URL,
        settings=OpenAIRealtimeLLMService.Settings(
            session_properties=events.SessionProperties(instructions="You help.", audio=audio),
        ),
    )
    messages = [] if words is None else [{"role": "user", "content": words}]
    context = LLMContext(messages, ToolsSchema(standard_tools=[WEATHER]))
    aggregators = LLMContextAggregatorPair(context)
    talk = Conversation(service)
    service.register_function("get_weather", talk.get_weather)
    pipeline = Pipeline([aggregators.user(), service, aggregators.assistant()])
    talk.worker = PipelineWorker(pipeline, observers=[talk])
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(talk.worker)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(runner.run())
        if words is not None:
            await talk.worker.queue_frame(LLMRunFrame())
        yield talk
        await talk.worker.cancel()


async def text() -> Seen:
    async with conversation("What is the capital of France?") as talk:
        await talk.until(LLMFullResponseEndFrame)
        return {"words": talk.words, "audio_ms": talk.samples / 24, "errors": talk.errors}


async def speech() -> Seen:
    async with conversation() as talk:
        await talk.say_in_two()
        await talk.until(LLMFullResponseEndFrame)
        return {
            "heard": talk.heard,
            "words": talk.words,
            "audio_ms": talk.samples / 24,
            "errors": talk.errors,
        }


async def interruption() -> Seen:
    async with conversation("Tell me a story.") as talk:
        await talk.until(TTSAudioRawFrame)
        await talk.say_in_two()
        await talk.until(LLMFullResponseStartFrame)
        await talk.until(LLMFullResponseEndFrame)
        return {"words": talk.words, "errors": talk.errors}


async def function_call() -> Seen:
    async with conversation("What is the weather in Oslo?") as talk:
        await talk.until(FunctionCallResultFrame)
        await talk.until(LLMFullResponseStartFrame)
        await talk.until(LLMFullResponseEndFrame)
        return {"words": talk.words, "asked": talk.asked, "errors": talk.errors}


async def wrong_event() -> Seen:
    async with conversation("What is the capital of France?") as talk:
        await talk.until(LLMFullResponseEndFrame)
        # The service knows no events but its own; this one lacks what it must have. Any error is
        # the end for this service: it stops listening, as it does with the hosted API.
        item = events.ConversationItem(type="function_call_output", output="x")
        await talk.service.send_client_event(events.ConversationItemCreateEvent(item=item))
        await talk.until(ErrorFrame)
        return {"words": talk.words, "errors": talk.errors}


play({act.__name__: act for act in [text, speech, interruption, function_call, wrong_event]})
