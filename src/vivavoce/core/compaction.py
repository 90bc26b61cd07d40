"""Compaction: what gets too old for the model's window is summarised instead of forgotten.

An extension of the operator's (`session.compaction`); the protocol knows truncation only. When the
context is nearly full, after an answer, the language model is asked for a summary. The prompt is
the conversation's own with one message more, so that what the model has read is used again. The
summary becomes one system message at the end of the conversation, and what it covers leaves the
context: the prompt goes on growing at its end. Whatever is wanted meanwhile goes first: the summary
is given up, and tried again after the next answer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from msgspec import structs

from vivavoce.core.conversation import Conversation, ItemRecord
from vivavoce.core.outputs import CancelResponse, Output, StartResponse
from vivavoce.ids import NewId
from vivavoce.interfaces import (
    Finished,
    Prompt,
    PromptMessage,
    ResponseEvent,
    ResponseRequest,
    TextDelta,
)
from vivavoce.protocol.audio_settings import PcmFormat
from vivavoce.protocol.items import InputText, Message

MAX_SUMMARY_TOKENS = 160
ASK = (
    "Sum up the conversation so far in at most six short sentences, for yourself: names, facts, "
    "wishes and promises that may matter later. Write the summary and nothing else."
)
HEADING = "Summary of the conversation so far: "


@dataclass(slots=True)
class _Writing:
    """A summary under way."""

    job_id: str
    covers: list[ItemRecord]
    text: str = ""


class Compaction:
    """Has at most one summary written at a time."""

    def __init__(
        self, conversation: Conversation, new_id: NewId, emit: Callable[[Output], None]
    ) -> None:
        self._conversation = conversation
        self._new_id = new_id
        self._emit = emit
        self._writing: _Writing | None = None

    def begin(self, prompt: Prompt, covers: Sequence[ItemRecord]) -> None:
        """Have a summary written, unless one is.

        Args:
            prompt: of the conversation as it stands.
            covers: the oldest items, which are to leave the context.
        """
        if self._writing is not None:
            return
        self._writing = _Writing(self._new_id("resp"), list(covers))
        asking = structs.replace(
            prompt,
            items=(*prompt.items, PromptMessage("system", ASK)),
            tool_choice="none",
            max_output_tokens=MAX_SUMMARY_TOKENS,
        )
        request = ResponseRequest(
            response_id=self._writing.job_id, prompt=asking, modality="text", for_user=False
        )
        self._emit(StartResponse(request, PcmFormat(), is_for_client=False))

    def give_up(self) -> None:
        """Forget the summary under way, if there is one."""
        if self._writing is not None:
            self._emit(CancelResponse(self._writing.job_id))
            self._writing = None

    def failed(self, job_id: str) -> None:
        """Take the news that a job failed, which may be the summary's."""
        if self._writing is not None and self._writing.job_id == job_id:
            self._writing = None

    def advance(self, job_id: str, event: ResponseEvent) -> ItemRecord | None:
        """Take a report; return the summary's item, not yet in the conversation, at its end.

        What the summary covers has left the context then.
        """
        writing = self._writing
        if writing is None or writing.job_id != job_id:
            return None
        if isinstance(event, TextDelta):
            writing.text += event.text
        if not isinstance(event, Finished):
            return None
        self._writing = None
        text = writing.text.strip()
        if not text:
            return None
        self._conversation.dropped.update(
            record.item_id for record in writing.covers if record.item_id in self._conversation
        )
        return _summary_record(self._new_id("item"), text)


def _summary_record(item_id: str, text: str) -> ItemRecord:
    message = Message(
        id=item_id,
        object="realtime.item",
        status="completed",
        role="system",
        content=(InputText(text=HEADING + text),),
    )
    return ItemRecord(message)
