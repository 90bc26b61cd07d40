"""Whatever an engine does, every accepted request ends in a terminal event, and in time.

Time is virtual. An engine's progress is what it yields; `STALL_S` after the last of it, whoever
waits for it is told that it failed.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.runtime.fakes import Fakes, LevelDetector
from tests.virtual_time import VirtualClock, run_in_virtual_time
from vivavoce.core.options import SessionOptions
from vivavoce.core.session import Session
from vivavoce.errors import EngineError, ToolError
from vivavoce.ids import counting_ids
from vivavoce.interfaces import (
    AudioDelta,
    AudioOrPause,
    Engines,
    Finished,
    ListedTool,
    PromptRead,
    ResponseEvent,
    ResponseRequest,
    Stream,
    TextDelta,
    ToolCallDelta,
    ToolCallFinished,
    ToolCallStarted,
    ToolServer,
    ToolServerAddress,
    TranscriberAbilities,
    Transcript,
    TranscriptDelta,
    TranscriptionEvent,
    TranscriptionHints,
    TranscriptSoFar,
)
from vivavoce.media.pcm import silence
from vivavoce.protocol.client_events import InputAudioBufferAppend
from vivavoce.protocol.codec import decode_client_event
from vivavoce.protocol.response_events import (
    McpListToolsCompleted,
    McpListToolsFailed,
    McpListToolsInProgress,
    ResponseCreated,
    ResponseDone,
    ResponseMcpCallCompleted,
    ResponseMcpCallFailed,
    ResponseMcpCallInProgress,
)
from vivavoce.protocol.server_events import (
    ConversationItemAdded,
    InputAudioBufferCommitted,
    ServerEvent,
)
from vivavoce.protocol.transcription_events import (
    ConversationItemInputAudioTranscriptionCompleted,
    ConversationItemInputAudioTranscriptionFailed,
)
from vivavoce.runtime.prepared_room import PreparedRoom
from vivavoce.runtime.runner import SessionRunner
from vivavoce.runtime.settings import RunnerSettings
from vivavoce.testing.transport import memory_pair

STALL_S = 15.0
TOOL_S = 12.0
LOOK_S = 0.5
ENOUGH_S = 150.0
"""Longer than any plan of an engine with all its waits."""

Step = ResponseEvent | PromptRead | TranscriptionEvent | float | str
"""Something to say, seconds to wait, or a way to misbehave."""

MISDEEDS = ("hang", "hang deaf", "refuse", "break", "be interrupted", "end")
waits = st.sampled_from((0.0, 1.0, 14.9, 15.1, 40.0))
answers: st.SearchStrategy[list[Step]] = st.lists(
    st.one_of(
        st.sampled_from(
            (
                PromptRead(64),
                TextDelta("Well. "),
                AudioDelta(silence(100).data),
                ToolCallStarted("f"),
                ToolCallDelta("{}"),
                ToolCallFinished(),
                Finished(),
            )
        ),
        waits,
        st.sampled_from(MISDEEDS),
    ),
    max_size=6,
)
hearings: st.SearchStrategy[list[Step]] = st.lists(
    st.one_of(
        st.sampled_from(
            (TranscriptDelta("So "), TranscriptSoFar("So it"), Transcript("So it is."))
        ),
        waits,
        st.sampled_from(MISDEEDS),
    ),
    max_size=5,
)
requests = st.lists(
    st.one_of(
        st.sampled_from(
            (
                '{"type": "response.create"}',
                '{"type": "response.create", "response": {"conversation": "none"}}',
                '{"type": "response.cancel"}',
                '{"type": "input_audio_buffer.commit"}',
                '{"type": "conversation.item.create", "item": {"type": "message", "role": "user", '
                '"content": [{"type": "input_text", "text": "Hi"}]}}',
                '{"type": "conversation.item.create", "item": {"type": "message", "role": "user", '
                f'"content": [{{"type": "input_audio", "audio": "{"AAAA" * 1600}"}}]}}}}',
                "speak",
                "be silent",
            )
        ),
        st.sampled_from((0.0, 1.0, 20.0)),
    ),
    max_size=8,
)


@dataclass
class Engine:
    """Follows its plans, one a call; the last one for ever after."""

    answers: list[list[Step]]
    hearings: list[list[Step]]
    last_progress: float = 0.0
    prepare_after_ms: int = 32
    hears_audio: bool = False
    sees_pictures: bool = False
    abilities: TranscriberAbilities = field(default_factory=TranscriberAbilities)

    def respond(self, request: ResponseRequest) -> Stream[ResponseEvent | PromptRead]:
        return self._follow(self.answers)

    async def transcribe(
        self, audio: AsyncIterator[AudioOrPause], hints: TranscriptionHints
    ) -> Stream[TranscriptionEvent]:
        async for _ in audio:
            self._note()
        async for step in self._follow(self.hearings):
            yield step

    async def _follow(self, plans: list[list[Step]]) -> Stream[Any]:
        self._note()
        for step in plans.pop(0) if len(plans) > 1 else plans[0]:
            if isinstance(step, float):
                await asyncio.sleep(step)  # virtual
            elif isinstance(step, str):
                if step == "end":
                    return
                await misbehave(step)
            else:
                self._note()
                yield step

    def _note(self) -> None:
        self.last_progress = asyncio.get_running_loop().time()


async def misbehave(how: str) -> None:
    match how:
        case "refuse":
            raise EngineError("It will not.")
        case "break":
            raise ValueError("a bug of the engine")
        case "be interrupted":
            raise asyncio.CancelledError
        case "hang deaf":
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(100)  # virtual
        case _:
            await asyncio.Event().wait()


@dataclass
class Debts:
    """What the server has begun and not ended, as its events tell."""

    responses: set[str] = field(default_factory=set)
    transcripts: set[str] = field(default_factory=set)
    tools: dict[str, float] = field(default_factory=dict)
    """Lists and calls, by item, and since when they are owed."""
    spoken: set[str] = field(default_factory=set)

    def take(self, event: ServerEvent, now: float) -> None:
        match event:
            case (
                ResponseMcpCallInProgress(item_id=item_id) | McpListToolsInProgress(item_id=item_id)
            ):
                self.tools[item_id] = now
            case (
                ResponseMcpCallCompleted(item_id=item_id)
                | ResponseMcpCallFailed(item_id=item_id)
                | McpListToolsCompleted(item_id=item_id)
                | McpListToolsFailed(item_id=item_id)
            ):
                self.tools.pop(item_id, None)
            case ResponseCreated(response=response):
                self.responses.add(response.id)
            case ResponseDone(response=response):
                self.responses.remove(response.id)
            case InputAudioBufferCommitted(item_id=item_id):
                self.transcripts.add(item_id)
            case ConversationItemAdded(item=item) if "InputAudio(" in repr(item):
                assert isinstance(item.id, str)
                self.transcripts.add(item.id)
            case (
                ConversationItemInputAudioTranscriptionCompleted(item_id=item_id)
                | ConversationItemInputAudioTranscriptionFailed(item_id=item_id)
            ):
                self.transcripts.remove(item_id)
            case _:
                pass


TRANSCRIBED = (
    '{"type": "session.update", "session": {"type": "realtime", "audio": {"input": '
    '{"transcription": {"model": "whisper-1"}}}, "tools": [{"type": "mcp", "server_label": "home", '
    '"require_approval": "never"}]}}'
)
SPEECH = b"\x10\x10" * 24_000


@dataclass
class Tools:
    """A server with one tool, `f`; it lists and runs as its plans say, the last for ever after."""

    plans: list[float | str]

    def check(self, address: ToolServerAddress) -> None:
        pass

    async def open(self, address: ToolServerAddress, session_id: str) -> ToolServer:
        return self

    async def list_tools(self) -> tuple[ListedTool, ...]:
        await self._follow()
        return (ListedTool(name="f", input_schema={"type": "object"}),)

    async def call_tool(self, name: str, arguments: Mapping[str, object]) -> str:
        await self._follow()
        return "done"

    async def close(self) -> None:
        pass

    async def _follow(self) -> None:
        plan = self.plans.pop(0) if len(self.plans) > 1 else self.plans[0]
        if isinstance(plan, float):
            await asyncio.sleep(plan)  # virtual
        elif plan == "refuse":
            raise ToolError("It will not.")
        elif plan != "end":
            await misbehave(plan)


async def live(engine: Engine, asked: list[str | float], tools: Tools) -> list[ServerEvent]:
    clock = VirtualClock()
    transport, client = memory_pair()
    engines = Engines(
        new_speech_detector=LevelDetector,
        transcriber=engine,
        responder=engine,
        language_model=Fakes().language_model,
        voices=("alloy",),
    )
    runner = SessionRunner(
        transport,
        engines,
        Session(
            SessionOptions(
                prepare_after_ms=32, tool_list_timeout_s=TOOL_S, tool_call_timeout_s=TOOL_S
            ),
            new_id=counting_ids(),
            check_server=tools.check,
        ),
        clock,
        RunnerSettings(engine_stall_s=STALL_S),
        [],
        new_id=counting_ids(),
        prepared_room=PreparedRoom(2),
        tool_servers=tools,
    )
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(runner.run())
        client.send(decode_client_event(TRANSCRIBED.encode()))
        for request in asked:
            if isinstance(request, float):
                await asyncio.sleep(request)  # virtual
            elif request == "speak":
                client.send(InputAudioBufferAppend(audio=SPEECH))
            elif request == "be silent":
                client.send(InputAudioBufferAppend(audio=bytes(len(SPEECH))))
            else:
                client.send(decode_client_event(request.encode()))
        await all_paid(client.events, engine, clock)
        client.leave()
        await running
    return client.events


async def all_paid(events: list[ServerEvent], engine: Engine, clock: VirtualClock) -> None:
    """Wait until nothing is owed; whenever something is, an engine moved a moment ago."""
    debts, n_seen, asked_at, end = Debts(), 0, clock.now(), clock.now() + ENOUGH_S
    while clock.now() < end:
        for event in events[n_seen:]:
            debts.take(event, clock.now())
        n_seen = len(events)
        if debts.responses or debts.transcripts:
            moved = max(engine.last_progress, asked_at)
            assert clock.now() - moved <= STALL_S + LOOK_S, (debts, clock.now(), moved)
        assert all(clock.now() - since <= TOOL_S + LOOK_S for since in debts.tools.values())
        await asyncio.sleep(LOOK_S)  # virtual
    assert not debts.responses
    assert not debts.tools
    assert not debts.transcripts


@settings(deadline=None, max_examples=150)
@given(
    asked=requests,
    plans=st.lists(answers, min_size=1, max_size=3),
    heard=st.lists(hearings, min_size=1, max_size=3),
    worked=st.lists(
        st.one_of(st.sampled_from((0.0, 1.0, 11.9, 12.1, 40.0)), st.sampled_from(MISDEEDS)),
        min_size=1,
        max_size=3,
    ),
)
def test_every_accepted_request_ends_whatever_the_engines_do(
    asked: list[str | float],
    plans: list[list[Step]],
    heard: list[list[Step]],
    worked: list[float | str],
) -> None:
    run_in_virtual_time(live(Engine(plans, heard), asked, Tools(worked)))


def status_after(steps: list[Step]) -> str:
    """Return how the response ends whose engine follows these steps."""
    engine = Engine([steps], [[Transcript("Hi.")]])
    events = run_in_virtual_time(live(engine, ['{"type": "response.create"}'], Tools(["refuse"])))
    (done,) = [event for event in events if isinstance(event, ResponseDone)]
    return done.response.status


READING: list[Step] = [14.9, PromptRead(64), 14.9, PromptRead(None), 14.9, PromptRead(128), 14.9]


def test_an_engine_that_reads_for_long_is_waited_for() -> None:
    assert status_after([*READING, TextDelta("Well. "), Finished()]) == "completed"


def test_an_engine_that_hangs_after_it_has_read_is_given_up() -> None:
    assert status_after([*READING, PromptRead(192), "hang"]) == "failed"
