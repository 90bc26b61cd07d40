"""What a session does, seen from outside, in the words of its fields.

Nothing here looks at the session's settings: each value is read off from what the session asks of
engines and sends to clients when somebody speaks or wants an answer.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from vivavoce.core.inputs import (
    AudioHeard,
    ClientSent,
    ResponseProgress,
    TokensCounted,
    TranscriptionProgress,
)
from vivavoce.core.outputs import (
    EndTranscription,
    JudgeTurn,
    Output,
    Send,
    StartResponse,
    StartTranscription,
)
from vivavoce.core.session import Session
from vivavoce.core.tool_orders import ListTools
from vivavoce.core.tool_reports import ToolsListed
from vivavoce.interfaces import (
    FRAME_MS,
    Finished,
    ListedTool,
    PromptMessage,
    TokenLogprob,
    Transcript,
)
from vivavoce.media.pcm import silence
from vivavoce.protocol.client_events import (
    ConversationItemCreate,
    ConversationItemDelete,
    ResponseCancel,
    ResponseCreate,
)
from vivavoce.protocol.items import InputText, Message
from vivavoce.protocol.response_events import ResponseCreated, ResponseDone
from vivavoce.protocol.server_events import (
    InputAudioBufferSpeechStarted,
    InputAudioBufferSpeechStopped,
)
from vivavoce.protocol.transcription_events import ConversationItemInputAudioTranscriptionCompleted

T = TypeVar("T")
Effects = dict[str, object]
LONGEST_MS = 9_000
FRAME = silence(FRAME_MS).data
MAX_IDLE_MS = 30_000
BIG_TOKENS = 3_000
"""Two of these fit a window of 8,192 tokens, beside short instructions."""
FINE = 0.01
"""Steps in which the threshold is looked for."""


OFFERED = tuple(
    ListedTool(name=name, input_schema={"type": "object"}, annotations={"readOnlyHint": reads})
    for name, reads in (("look", True), ("erase", False))
)
"""By every server of tools."""


@dataclass
class Watched:
    """A session under observation; time passes as it is spoken to."""

    session: Session
    now: float = 0.0
    outputs: list[Output] = field(default_factory=list)

    def tell(self, item: object) -> list[Output]:
        """Let something happen; a server of tools that is asked answers at once."""
        self.outputs = self.session.handle(item, self.now)  # type: ignore[arg-type]  # any input
        for asked in list(of_kind(self.outputs, ListTools)):
            self.outputs += self.session.handle(ToolsListed(asked.item_id, OFFERED), self.now)
        return self.outputs

    def hear(self, probability: float, n_frames: int = 1) -> list[Output]:
        """Let sound be heard, frame by frame."""
        heard: list[Output] = []
        for _ in range(n_frames):
            self.now += FRAME_MS / 1000
            heard += self.tell(AudioHeard(FRAME, (probability,)))
        return heard


def of_kind(outputs: list[Output], kind: type[T]) -> Iterator[T]:
    """Yield orders of a kind, and what is sent of a kind."""
    for output in outputs:
        for candidate in (output, output.event if isinstance(output, Send) else None):
            if isinstance(candidate, kind):
                yield candidate


def effects_on_answers(watched: Watched) -> Effects:
    """Ask for an answer, read off how it is to be made, and let it end without a word."""
    (start,) = of_kind(watched.tell(ClientSent(ResponseCreate())), StartResponse)
    watched.tell(ResponseProgress(start.request.response_id, Finished()))
    prompt, deadline = start.request.prompt, watched.session.next_deadline
    assert deadline is not None  # there is always the end of the session
    patience_ms = round((deadline - watched.now) * 1000)
    return {
        "output_modalities": [start.request.modality],
        "instructions": prompt.instructions,
        "tools": [tool.name for tool in prompt.tools],
        "tool_choice": prompt.tool_choice,
        "max_output_tokens": prompt.max_output_tokens or "inf",
        "parallel_tool_calls": prompt.parallel_tool_calls,
        "reasoning": prompt.reasoning_effort,
        "voice": start.request.voice,
        "speed": start.request.speed,
        "output_format": msgspec.to_builtins(start.format),
        "input_format": msgspec.to_builtins(watched.session.input_format),
        "noise_reduction": msgspec.to_builtins(watched.session.noise_reduction),
        "idle_timeout_ms": patience_ms if patience_ms <= MAX_IDLE_MS else None,
    }


def effect_on_context(watched: Watched) -> int | None:
    """Fill the window with messages of `BIG_TOKENS`; return how many are shown, None: it fails."""
    names = ("one", "two", "three", "four")
    for name in names:
        message = Message(id=name, role="user", content=(InputText(text=name),))
        watched.tell(ClientSent(ConversationItemCreate(item=message)))
        watched.tell(TokensCounted(name, BIG_TOKENS))
    outputs = watched.tell(ClientSent(ResponseCreate()))
    starts = list(of_kind(outputs, StartResponse))
    if starts:
        watched.tell(ClientSent(ResponseCancel()))
    for name in names:
        watched.tell(ClientSent(ConversationItemDelete(item_id=name)))
    if not starts:
        return None
    shown = [
        item.text for item in starts[0].request.prompt.items if isinstance(item, PromptMessage)
    ]
    return len([text for text in shown if text in names])


def effects_on_turns(watched: Watched, threshold: float) -> Effects:
    """Speak one turn and read off what became of it.

    Args:
        watched: with turn detection on, nothing being said or answered.
        threshold: what the session says of it: speech at it must count, speech below must not.
    """
    watched.hear(0.0, 100)
    assert not list(
        of_kind(watched.hear(max(0.0, threshold - FINE), 3), InputAudioBufferSpeechStarted)
    )
    watched.hear(0.0, 400)
    watched.tell(ClientSent(ResponseCreate()))
    begin_ms = _heard_ms(watched)
    heard = watched.hear(min(1.0, threshold), 20)
    (started,) = of_kind(heard, InputAudioBufferSpeechStarted)
    interrupted = any(True for _ in of_kind(heard, ResponseDone))
    if not interrupted:
        watched.tell(ClientSent(ResponseCancel()))
    (asked,) = of_kind(heard, StartTranscription)
    quiet, answers = _be_silent(watched)
    (stopped,) = of_kind(answers, InputAudioBufferSpeechStopped)
    responds = any(True for _ in of_kind(answers, ResponseCreated))
    logprobs = (TokenLogprob("Yes", -0.1),)
    transcript = Transcript("Yes, I would.", logprobs=logprobs)
    (ended,) = of_kind(answers, EndTranscription)
    done = watched.tell(TranscriptionProgress(ended.item_id, transcript))
    if responds:
        watched.tell(ClientSent(ResponseCancel()))
    completed = list(of_kind(done, ConversationItemInputAudioTranscriptionCompleted))
    hints = asked.hints
    return {
        "padding_ms": begin_ms - started.audio_start_ms,
        "silence_ms": quiet,
        "audio_end_ms_is_now": stopped.audio_end_ms == _heard_ms(watched),
        "create_response": responds,
        "interrupt_response": interrupted,
        "is_transcribed": bool(completed),
        "model": hints.model,
        "language": hints.language,
        "prompt": hints.prompt,
        "logprobs": bool(completed) and isinstance(completed[0].logprobs, tuple),
        "is_judged": any(True for _ in of_kind(answers, JudgeTurn)),
    }


def _be_silent(watched: Watched) -> tuple[int, list[Output]]:
    heard: list[Output] = []
    for n_frames in range(1, LONGEST_MS // FRAME_MS):
        heard += watched.hear(0.0)
        if any(True for _ in of_kind(heard, InputAudioBufferSpeechStopped)):
            return n_frames * FRAME_MS, heard
    raise AssertionError("the turn never ended")


def _heard_ms(watched: Watched) -> int:
    return round(watched.now * 1000)
