"""What a client and an engine may rely on, checked event by event.

`Contract.took` is told of every input and its outputs. It knows the protocol, not the session.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from vivavoce.core.inputs import (
    Input,
    ResponseFailed,
    ResponseProgress,
    TranscriptionFailed,
    TranscriptionProgress,
)
from vivavoce.core.outputs import (
    CancelResponse,
    CancelTranscription,
    EndTranscription,
    FeedTranscription,
    Output,
    PauseTranscription,
    ReleaseResponse,
    ResumeTranscription,
    Send,
    StartResponse,
    StartTranscription,
)
from vivavoce.interfaces import Finished, Transcript
from vivavoce.protocol.response_events import (
    ResponseContentPartAdded,
    ResponseContentPartDone,
    ResponseCreated,
    ResponseDone,
    ResponseFunctionCallArgumentsDelta,
    ResponseFunctionCallArgumentsDone,
    ResponseOutputAudioDelta,
    ResponseOutputAudioDone,
    ResponseOutputAudioTranscriptDelta,
    ResponseOutputAudioTranscriptDone,
    ResponseOutputItemAdded,
    ResponseOutputItemDone,
    ResponseOutputTextDelta,
    ResponseOutputTextDone,
)
from vivavoce.protocol.server_events import (
    ConversationItemAdded,
    ConversationItemDeleted,
    ConversationItemDone,
    ServerEvent,
)
from vivavoce.protocol.transcription_events import (
    ConversationItemInputAudioTranscriptionCompleted,
    ConversationItemInputAudioTranscriptionDelta,
    ConversationItemInputAudioTranscriptionFailed,
)


class Contract:
    """Watches one session."""

    def __init__(self) -> None:
        self.items = ItemOrder()
        self.responses: dict[str, ResponseWatch] = {}
        self.jobs = Jobs()
        self.transcriptions = TranscriptionJobs()
        self._event_ids: set[str] = set()

    @property
    def in_progress(self) -> list[str]:
        """Ids of the responses that have not ended."""
        return [name for name, watch in self.responses.items() if not watch.is_done]

    def took(self, item: Input, outputs: Sequence[Output]) -> None:
        """Check what a session does about an input."""
        self.jobs.told(item)
        self.transcriptions.told(item)
        for output in outputs:
            self.jobs.ordered(output)
            self.transcriptions.ordered(output)
            if isinstance(output, Send):
                self._sent(output.event)
        writing = [name for name in self.in_progress if self.responses[name].in_conversation]
        assert len(writing) <= 1, "two responses write to the conversation"
        assert len(self.jobs.prepared) <= 1, "two answers are prepared"
        assert len(self.jobs.asked_for) <= len(self.in_progress), "a job of nobody's runs"

    def _sent(self, event: ServerEvent) -> None:
        assert event.event_id not in self._event_ids, "an event id was used twice"
        self._event_ids.add(event.event_id)
        self.items.sent(event)
        self.transcriptions.sent(event)
        if isinstance(event, ResponseCreated):
            assert event.response.id not in self.responses, "a response was created twice"
            in_conversation = event.response.conversation_id is not None
            self.responses[event.response.id] = ResponseWatch(in_conversation)
        elif isinstance(event, ResponseDone):
            self.responses[event.response.id].done(event)
        elif isinstance(response_id := getattr(event, "response_id", None), str):
            self.responses[response_id].sent(event)


@dataclass
class ItemOrder:
    """The conversation as a client rebuilds it."""

    order: list[str] = field(default_factory=list)
    open: set[str] = field(default_factory=set)

    def sent(self, event: ServerEvent) -> None:
        """Follow what is said of items."""
        match event:
            case ConversationItemAdded(item=item, previous_item_id=previous):
                assert isinstance(item.id, str)
                assert item.id not in self.order, "an item was added twice"
                place = 0 if previous is None else self.order.index(previous) + 1
                self.order.insert(place, item.id)
                self.open.add(item.id)
            case ConversationItemDone(item=item, previous_item_id=previous):
                assert isinstance(item.id, str)
                self.open.remove(item.id)
                place = self.order.index(item.id)
                assert previous == (self.order[place - 1] if place else None)
            case ConversationItemDeleted(item_id=item_id):
                self.order.remove(item_id)
                self.open.discard(item_id)
            case _:
                pass


@dataclass
class ResponseWatch:
    """One response, from created to done."""

    in_conversation: bool
    is_done: bool = False
    open_item: str | None = None
    finished: list[str] = field(default_factory=list)
    text: str = ""
    open_part: bool = False

    def sent(self, event: ServerEvent) -> None:
        """Follow what is said of the response."""
        assert not self.is_done, "an event after response.done"
        match event:
            case ResponseOutputItemAdded(item=item, output_index=output_index):
                assert isinstance(item.id, str)
                assert self.open_item is None
                assert output_index == len(self.finished)
                self.open_item, self.text = item.id, ""
            case ResponseOutputItemDone(item=item):
                assert item.id == self.open_item
                assert not self.open_part
                self.finished.append(str(item.id))
                self.open_item = None
            case ResponseContentPartAdded():
                assert not self.open_part
                self.open_part = True
            case ResponseContentPartDone(part=part):
                assert self.open_part
                assert self.text == getattr(part, "text", getattr(part, "transcript", None))
                self.open_part = False
            case (
                ResponseOutputTextDelta(delta=text) | ResponseOutputAudioTranscriptDelta(delta=text)
            ):
                assert self.open_part
                self.text += text
            case ResponseFunctionCallArgumentsDelta(delta=text):
                assert self.open_item is not None
                self.text += text
            case ResponseOutputAudioDelta() | ResponseOutputAudioDone():
                assert self.open_part
            case (
                ResponseOutputTextDone(text=text)
                | ResponseOutputAudioTranscriptDone(transcript=text)
                | ResponseFunctionCallArgumentsDone(arguments=text)
            ):
                assert text == self.text, "deltas joined are not the whole"
            case _:
                raise AssertionError(f"unexpected {event}")

    def done(self, event: ResponseDone) -> None:
        """Take the end of the response."""
        assert not self.is_done, "a response ended twice"
        assert self.open_item is None, "an output item was left open"
        assert [item.id for item in event.response.output] == self.finished
        assert event.response.usage is not None
        assert event.response.status != "in_progress"
        self.is_done = True


@dataclass
class Jobs:
    """The engine's work on answers."""

    asked_for: set[str] = field(default_factory=set)
    prepared: set[str] = field(default_factory=set)
    ever: set[str] = field(default_factory=set)

    @property
    def running(self) -> set[str]:
        """All that have neither finished nor been cancelled."""
        return self.asked_for | self.prepared

    def told(self, item: Input) -> None:
        """Follow how jobs end by themselves."""
        match item:
            case ResponseProgress(response_id=job_id, event=Finished()):
                self.asked_for.discard(job_id)
                # Of a prepared one the reports are kept; it is still to be released or cancelled.
            case ResponseFailed(response_id=job_id):
                self._end(job_id)
            case _:
                pass

    def ordered(self, output: Output) -> None:
        """Follow orders."""
        match output:
            case StartResponse(request=request, prepared=prepared):
                assert request.response_id not in self.ever, "a job was started twice"
                self.ever.add(request.response_id)
                (self.prepared if prepared else self.asked_for).add(request.response_id)
            case ReleaseResponse(response_id=job_id):
                self.prepared.remove(job_id)
                self.asked_for.add(job_id)
            case CancelResponse(response_id=job_id):
                assert job_id in self.ever
                self._end(job_id)
            case _:
                pass

    def _end(self, job_id: str) -> None:
        self.asked_for.discard(job_id)
        self.prepared.discard(job_id)


@dataclass
class TranscriptionJobs:
    """The engine's work on words, and what the client sees of it."""

    running: set[str] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)
    ever: set[str] = field(default_factory=set)
    shown: dict[tuple[str, int], str] = field(default_factory=lambda: defaultdict(str))
    closed: set[tuple[str, int]] = field(default_factory=set)

    def told(self, item: Input) -> None:
        """Follow how jobs end by themselves."""
        match item:
            case TranscriptionProgress(item_id=key, event=Transcript()):
                self.running.discard(key)
            case TranscriptionFailed(item_id=key):
                self.running.discard(key)
            case _:
                pass

    def ordered(self, output: Output) -> None:
        """Follow orders."""
        match output:
            case StartTranscription(item_id=key):
                assert key not in self.running, "a transcription was started twice"
                self.running.add(key)
                self.ever.add(key)
                self.ended.discard(key)
            case CancelTranscription(item_id=key):
                assert key in self.ever
                self.running.discard(key)
            case EndTranscription(item_id=key):
                assert key in self.ever
                assert key not in self.ended, "a transcription was ended twice"
                self.ended.add(key)
            case (
                FeedTranscription(item_id=key)
                | PauseTranscription(item_id=key)
                | ResumeTranscription(item_id=key)
            ):
                assert key in self.ever
                assert key not in self.ended, "sound after the end of a transcription"
            case _:
                pass

    def sent(self, event: ServerEvent) -> None:
        """Follow what the client sees."""
        match event:
            case ConversationItemAdded(item=item):
                self.closed -= {key for key in self.closed if key[0] == item.id}
            case ConversationItemInputAudioTranscriptionDelta(
                item_id=item_id, content_index=index, delta=delta
            ):
                assert (item_id, index) not in self.closed
                self.shown[item_id, index] += delta
            case ConversationItemInputAudioTranscriptionCompleted(
                item_id=item_id, content_index=index
            ):
                self._close(item_id, index)
            case ConversationItemInputAudioTranscriptionFailed(
                item_id=item_id, content_index=index
            ):
                self._close(item_id, index)
            case _:
                pass

    def _close(self, item_id: str, index: int) -> None:
        assert (item_id, index) not in self.closed, "a transcription completed twice"
        self.closed.add((item_id, index))
