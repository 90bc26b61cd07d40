"""One response: from what the engine reports to its events, in the right order.

Source: protocol reference, "Flows" (50, sections 2, 3, 9, 24, 25) and "Response object" (40).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from msgspec import UNSET, UnsetType, structs

from vivavoce.core.conversation import Clause, Conversation, ItemRecord
from vivavoce.core.response_calls import ItemIds, arguments_delta, arguments_done, new_call
from vivavoce.core.response_settings import ResponseSettings
from vivavoce.core.server_tool import WrittenCall
from vivavoce.core.tokens import TokenCount, answer_audio_tokens
from vivavoce.core.usage import usage_of
from vivavoce.ids import NewId
from vivavoce.interfaces import (
    AudioDelta,
    Finished,
    GuardrailTripped,
    PhaseStarted,
    ResponseEvent,
    TextDelta,
    ToolCallDelta,
    ToolCallFinished,
    ToolCallStarted,
)
from vivavoce.media.formats import wire_bytes_per_ms
from vivavoce.protocol.audio_settings import AudioFormat, PcmFormat
from vivavoce.protocol.items import (
    FunctionCall,
    Item,
    McpCall,
    Message,
    OutputAudio,
    OutputText,
)
from vivavoce.protocol.response import (
    Response as WireResponse,
)
from vivavoce.protocol.response import (
    ResponseAudio,
    ResponseAudioOutput,
    StatusDetails,
    Usage,
)
from vivavoce.protocol.response_events import (
    PartAudio,
    PartText,
    ResponseContentPartAdded,
    ResponseContentPartDone,
    ResponseCreated,
    ResponseDone,
    ResponseOutputAudioDelta,
    ResponseOutputAudioDone,
    ResponseOutputAudioTranscriptDelta,
    ResponseOutputAudioTranscriptDone,
    ResponseOutputItemAdded,
    ResponseOutputItemDone,
    ResponseOutputTextDelta,
    ResponseOutputTextDone,
)
from vivavoce.protocol.server_events import ConversationItemAdded, ConversationItemDone, ServerEvent

Status = Literal["in_progress", "completed", "cancelled", "incomplete", "failed"]
ItemStatus = Literal["completed", "incomplete"]


class _PartIds(ItemIds):
    content_index: int


@dataclass(slots=True)
class _OpenItem:
    """The output item being written."""

    record: ItemRecord
    output_index: int
    text: str = ""
    """Of a message its text or transcript, of a call its arguments."""
    is_whole: bool = False
    """Of a call: whether its arguments have ended."""


@dataclass(slots=True)
class Response:
    """Writes the events of one response. Knows nothing of other responses or of turns."""

    response_id: str
    settings: ResponseSettings
    new_id: NewId
    send: Callable[[ServerEvent], None]
    conversation: Conversation
    """Where output items go, if the settings say so."""
    take_call: Callable[[WrittenCall], None]
    """Goes on with the calls of servers' tools."""
    sound_format: AudioFormat = field(default_factory=PcmFormat)
    """Of the sound that the engine reports, which is the settings' unless the server plays it."""
    job_id: str = ""
    """Id of the engine job whose progress is this response's; empty until one was started."""
    status: Status = "in_progress"
    waits_for: list[ItemRecord] = field(default_factory=list)
    """Context items whose transcripts decide when the engine may start."""
    context: list[ItemRecord] | None = None
    """The items given as its `input`; None: the conversation."""
    input_counts: Sequence[TokenCount] = ()
    """Tokens of instructions and items in the order of the prompt."""
    answers: ItemRecord | None = None
    """Item of an automatic response: nothing is answered if nothing was said in it."""
    output_text_tokens: int = 0
    first_audio_at: float | None = None
    """Monotonic time of the first audio delta."""
    audio_ms: float = 0.0
    written: list[ItemRecord] = field(default_factory=list)
    """The finished output items."""
    patience_until: float | None = None
    """Monotonic time until which its end waits for the tools it called; None: it does not wait."""
    _open: _OpenItem | None = None
    _phase: str | UnsetType = UNSET
    """Of the messages that follow."""
    _finished: Finished | None = None
    _is_replaced: bool = False
    """Whether a guard rail stopped the answer: its line is said whole, whatever the limit."""

    def announce(self) -> None:
        """Send `response.created`."""
        event = ResponseCreated(event_id=self._event_id(), response=self._as_wire(None, None))
        self.send(event)

    def advance(self, event: ResponseEvent, now: float) -> None:
        """Turn one report of the engine into server events."""
        match event:
            case TextDelta(text=text, n_tokens=n_tokens):
                self._write_text(text, n_tokens)
            case AudioDelta(data=data):
                if self.first_audio_at is None:
                    self.first_audio_at = now
                self._write_audio(data)
            case PhaseStarted(phase=phase):
                self._close_item("completed")
                self._phase = phase
            case ToolCallStarted(name=name):
                self._start_call(name)
            case ToolCallDelta(arguments=arguments, n_tokens=n_tokens):
                self._write_arguments(arguments, n_tokens)
            case ToolCallFinished():
                self._end_call()
            case GuardrailTripped(n_tokens=n_tokens):
                self.output_text_tokens += n_tokens
                self._is_replaced = True
            case Finished():
                self._finished = event

    def begin_message(self) -> str:
        """Begin a message unless one is being written; return its id."""
        return self._message().record.item_id

    @property
    def is_finished(self) -> bool:
        """Whether the engine has said that there is no more."""
        return self._finished is not None

    @property
    def finish_reason(self) -> Literal["stop", "max_output_tokens", "content_filter"]:
        """Why the engine stopped: `stop` until it says otherwise."""
        return self._finished.reason if self._finished else "stop"

    @property
    def output_tokens(self) -> TokenCount:
        """What was written so far."""
        return TokenCount(self.output_text_tokens, answer_audio_tokens(self.audio_ms))

    @property
    def exceeds_limit(self) -> bool:
        """Whether more was written than `max_output_tokens` allows."""
        limit = "inf" if self._is_replaced else self.settings.max_output_tokens
        return isinstance(limit, int) and self.output_tokens.total > limit

    def close(self, status: Status, details: StatusDetails | None) -> None:
        """Send the closing events of what is open, then `response.done`."""
        self._close_item("completed" if status == "completed" else "incomplete")
        self.status = status
        usage = usage_of(self.input_counts, self.output_tokens, self._finished)
        response = self._as_wire(details, usage)
        self.send(ResponseDone(event_id=self._event_id(), response=response))

    # --- messages ---

    def _write_text(self, text: str, n_tokens: int) -> None:
        self.output_text_tokens += n_tokens
        if not text:
            return
        item = self._message()
        item.text += text
        ids = self._part_ids(item)
        if self.settings.modality == "text":
            self.send(ResponseOutputTextDelta(event_id=self._event_id(), delta=text, **ids))
            item.record.set_part(0, OutputText(text=item.text))
            return
        item.record.clauses.append(Clause(text, item.record.answer_audio_ms))
        if item.record.truncated_ms is None:
            item.record.set_part(0, OutputAudio(transcript=item.text))
        self.send(ResponseOutputAudioTranscriptDelta(event_id=self._event_id(), delta=text, **ids))

    def _write_audio(self, data: bytes) -> None:
        if not data or self.settings.modality == "text":
            return
        item = self._message()
        ms = len(data) / wire_bytes_per_ms(self.sound_format)
        self.audio_ms += ms
        record = item.record
        record.answer_audio_ms += ms
        if record.truncated_ms is None:
            record.answer_audio += data
        if record.clauses:
            record.clauses[-1].end_ms = record.answer_audio_ms
        ids = self._part_ids(item)
        self.send(ResponseOutputAudioDelta(event_id=self._event_id(), delta=data, **ids))

    def _message(self) -> _OpenItem:
        if self._open is not None and isinstance(self._open.record.item, Message):
            return self._open
        self._close_item("completed")
        item_id = self.new_id("item")
        message = Message(
            id=item_id,
            object="realtime.item",
            status="in_progress",
            role="assistant",
            content=(),
            phase=self._phase,
        )
        item = self._open_item(message)
        item.record.answer_format = self.sound_format
        item.record.shown_format = self.settings.audio_format
        is_text = self.settings.modality == "text"
        part = PartText(text="") if is_text else PartAudio(transcript="")
        first = OutputText(text="") if is_text else OutputAudio(transcript="")
        item.record.item = structs.replace(message, content=(first,))
        self.send(
            ResponseContentPartAdded(event_id=self._event_id(), part=part, **self._part_ids(item))
        )
        return item

    def _close_message(self, item: _OpenItem) -> None:
        ids = self._part_ids(item)
        e = self._event_id
        if self.settings.modality == "text":
            self.send(ResponseOutputTextDone(event_id=e(), text=item.text, **ids))
            part: PartText | PartAudio = PartText(text=item.text)
        else:
            self.send(ResponseOutputAudioDone(event_id=e(), **ids))
            self.send(ResponseOutputAudioTranscriptDone(event_id=e(), transcript=item.text, **ids))
            part = PartAudio(transcript=item.text)
        self.send(ResponseContentPartDone(event_id=e(), part=part, **ids))

    # --- calls ---

    def _start_call(self, name: str) -> None:
        self._close_item("completed")
        item = self._open_item(new_call(name, self.settings.server_tools.get(name), self.new_id))
        item.record.called_as = name

    def _write_arguments(self, arguments: str, n_tokens: int) -> None:
        self.output_text_tokens += n_tokens
        item = self._open
        if item is None or not arguments:
            return
        call = item.record.item
        if isinstance(call, (FunctionCall, McpCall)):
            item.text += arguments
            self.send(arguments_delta(call, arguments, self._item_ids(item), self._event_id()))

    def _end_call(self) -> None:
        if self._open is not None:
            self._open.is_whole = True
        self._close_item("completed")

    def _close_call(self, item: _OpenItem, call: FunctionCall | McpCall) -> None:
        item.record.item = structs.replace(call, arguments=item.text)
        self.send(arguments_done(call, item.text, self._item_ids(item), self._event_id()))

    def _hand_over(self, item: _OpenItem) -> None:
        """Let a call of a server's tool go on by itself: its end need not be the response's."""
        self.written.append(item.record)
        called_as = item.record.called_as
        assert called_as is not None
        self.take_call(
            WrittenCall(
                record=item.record,
                tool=self.settings.server_tools[called_as],
                response_id=self.response_id,
                output_index=item.output_index,
                is_whole=item.is_whole,
            )
        )

    # --- items ---

    def _open_item(self, item: Item) -> _OpenItem:
        record = ItemRecord(item)
        self._open = _OpenItem(record, output_index=len(self.written))
        self.send(
            ResponseOutputItemAdded(
                event_id=self._event_id(),
                item=item,
                output_index=self._open.output_index,
                response_id=self.response_id,
            )
        )
        if self.settings.in_conversation:
            previous = self.conversation.add(record)
            self.send(
                ConversationItemAdded(
                    event_id=self._event_id(), item=item, previous_item_id=previous
                )
            )
        return self._open

    def _close_item(self, status: ItemStatus) -> None:
        item, self._open = self._open, None
        if item is None:
            return
        match item.record.item:
            case FunctionCall() as call:
                status = status if item.is_whole else "incomplete"
                self._close_call(item, call)
            case McpCall() as call:
                self._close_call(item, call)
                self._hand_over(item)
                return
            case Message():
                self._close_message(item)
            case _:
                raise AssertionError("only messages and calls are written")
        record = item.record
        record.item = structs.replace(record.item, status=status)
        self.written.append(record)
        if record.item_id in self.conversation:
            previous = self.conversation.previous_of(record.item_id)
            self.send(
                ConversationItemDone(
                    event_id=self._event_id(), item=record.item, previous_item_id=previous
                )
            )
        self.send(
            ResponseOutputItemDone(
                event_id=self._event_id(),
                item=record.item,
                output_index=item.output_index,
                response_id=self.response_id,
            )
        )

    # --- the wire ---

    def _as_wire(self, details: StatusDetails | None, usage: Usage | None) -> WireResponse:
        settings = self.settings
        output = ResponseAudioOutput(format=settings.audio_format, voice=settings.voice)
        return WireResponse(
            object="realtime.response",
            id=self.response_id,
            status=self.status,
            status_details=details,
            output=tuple(record.item for record in self.written),
            conversation_id=(
                self.conversation.conversation_id if settings.in_conversation else None
            ),
            output_modalities=(settings.modality,),
            max_output_tokens=settings.max_output_tokens,
            audio=ResponseAudio(output=output),
            usage=usage,
            metadata=settings.metadata,
            temperature=settings.temperature,
        )

    def _event_id(self) -> str:
        return self.new_id("event")

    def _part_ids(self, item: _OpenItem) -> _PartIds:
        return {**self._item_ids(item), "content_index": 0}

    def _item_ids(self, item: _OpenItem) -> ItemIds:
        return {
            "response_id": self.response_id,
            "item_id": item.record.item_id,
            "output_index": item.output_index,
        }
