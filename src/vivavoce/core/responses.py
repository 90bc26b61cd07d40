"""The responses of a session: running ones, and the one that is prepared.

One at most writes to the conversation, any number run beside it, and at most one is prepared
while the speaker may still go on.

A prepared response is a job whose reports are kept. When the turn ends and the final transcript
agrees word for word with the one it was made from, its reports become those of the real response;
anything else discards it, and nobody ever saw it.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from msgspec import structs

from vivavoce.core.conversation import Conversation, ItemRecord
from vivavoce.core.deadlines import earliest
from vivavoce.core.inputs import ResponseFailed
from vivavoce.core.mcp_calls import McpCalls
from vivavoce.core.mcp_offer import described, with_server_tools
from vivavoce.core.mcp_servers import McpServers
from vivavoce.core.outputs import (
    CancelResponse,
    Output,
    ReleaseResponse,
    Send,
    StartResponse,
)
from vivavoce.core.prompt import count_record, prompt_items
from vivavoce.core.response import Response, Status
from vivavoce.core.response_settings import ResponseSettings
from vivavoce.core.server_tool import WrittenCall
from vivavoce.core.tokens import TokenCount
from vivavoce.ids import NewId
from vivavoce.interfaces import (
    PRIMARY,
    SIDEBANDS,
    GuardrailTripped,
    Prompt,
    ResponseEvent,
    ResponseRequest,
)
from vivavoce.protocol.audio_settings import AudioFormat
from vivavoce.protocol.extensions import VivavoceGuardrailTripped
from vivavoce.protocol.response import StatusDetails, StatusError
from vivavoce.protocol.server_events import ServerEvent

Fits = Callable[[list[ItemRecord], ResponseSettings], bool]
CALL_PATIENCE_S = 5.0
"""How long the end of a response waits for the tools it called. Not for ever: the user may go on
talking, and the client may ask for the next response, while a slow tool is at work."""
CancelReason = Literal["turn_detected", "client_cancelled"]
NOT_A_WORD = re.compile(r"[\W_]+")


@dataclass(slots=True)
class Prepared:
    """An answer that nobody has asked for yet."""

    job_id: str
    transcript: str
    reports: list[ResponseEvent] = field(default_factory=list)
    claimed_by: Response | None = None
    """The response that will use it if the final transcript agrees."""


class Responses:
    """Starts, follows and ends responses."""

    def __init__(
        self,
        session_id: str,
        conversation: Conversation,
        new_id: NewId,
        emit: Callable[[Output], None],
        send: Callable[[ServerEvent], None],
        on_done: Callable[[Response], None],
        take_call: Callable[[WrittenCall], None],
        *,
        servers: McpServers,
        calls: McpCalls,
        hears_audio: bool = False,
        sound_format: AudioFormat | None = None,
    ) -> None:
        self._session_id = session_id
        self._conversation = conversation
        self._new_id = new_id
        self._emit = emit
        self._send = send
        self._on_done = on_done
        self._take_call = take_call
        self._servers = servers
        self._calls = calls
        self._hears_audio = hears_audio
        self._sound_format = sound_format
        self._running: dict[str, Response] = {}
        self._by_job: dict[str, Response] = {}
        self.prepared: Prepared | None = None

    @property
    def active(self) -> Response | None:
        """The response that writes to the conversation."""
        for response in self._running.values():
            if response.settings.in_conversation:
                return response
        return None

    def find(self, response_id: object) -> Response | None:
        """Return a running response; without an id the active one."""
        if not isinstance(response_id, str):
            return self.active
        return self._running.get(response_id)

    def create(
        self,
        settings: ResponseSettings,
        context: Sequence[ItemRecord] | None,
        skips_if_unheard: ItemRecord | None = None,
    ) -> Response:
        """Announce a response. The engine starts when all transcripts it needs are there.

        Args:
            settings: how it is to be made.
            context: the items it sees; None: the conversation.
            skips_if_unheard: the item of an automatic response, which stays silent when
                nothing was said in it.
        """
        response = Response(
            self._new_id("resp"),
            settings,
            self._new_id,
            self._send,
            self._conversation,
            self._take_call,
        )
        response.sound_format = self._sound_format or settings.audio_format
        response.context = None if context is None else list(context)
        response.waits_for = list(self._conversation.context if context is None else context)
        response.answers = skips_if_unheard
        self._running[response.response_id] = response
        response.announce()
        return response

    def start_ready(self, fixed: TokenCount, now: float, fits: Fits) -> None:
        """Start the engine for every response that waits for no words any more.

        Args:
            fixed: tokens of instructions and tools.
            now: monotonic time in seconds.
            fits: says whether the engine can take these items.
        """
        for response in list(self._running.values()):
            if response.job_id or any(record.is_awaited for record in response.waits_for):
                continue
            if self._servers.is_awaited(entry.server_label for entry in response.settings.servers):
                continue
            unheard = response.answers
            if unheard is not None and not unheard.text.strip():
                self.finish(response)
            else:
                self._start(response, fixed, now, fits)

    def _start(self, response: Response, fixed: TokenCount, now: float, fits: Fits) -> None:
        records = self._conversation.context if response.context is None else response.context
        response.input_counts = (fixed, *map(count_record, records))
        response.settings = with_server_tools(response.settings, self._servers)
        if response.settings.lacks_choice:
            message = "The tool that 'tool_choice' demands is not available."
            self.fail_response(response, message, "tool_not_available", "invalid_request_error")
            return
        prepared = self.prepared
        if prepared is not None and prepared.claimed_by is response:
            assert response.answers is not None
            if same_words(prepared.transcript, response.answers.text):
                self._release(response, prepared, now)
                return
            self.discard_prepared()
        if not fits(records, response.settings):
            message = "The conversation does not fit the model's context window."
            code, kind = "context_length_exceeded", "invalid_request_error"
            self.fail_response(response, message, code, kind)
            return
        response.job_id = response.response_id
        self._by_job[response.job_id] = response
        request = self._request(response.job_id, response.settings, records)
        self._emit(StartResponse(request, response.sound_format))

    def _release(self, response: Response, prepared: Prepared, now: float) -> None:
        self.prepared = None
        response.job_id = prepared.job_id
        self._by_job[prepared.job_id] = response
        self._emit(ReleaseResponse(prepared.job_id))
        for report in prepared.reports:
            self.advance(prepared.job_id, report, now)

    def advance(self, job_id: str, event: ResponseEvent, now: float) -> None:
        """Take a report of an engine. What is reported of an ended response is dropped."""
        prepared = self.prepared
        if prepared is not None and prepared.job_id == job_id:
            prepared.reports.append(event)
            return
        response = self._by_job.get(job_id)
        if response is None:
            return  # it was cancelled while the engine was still busy
        if isinstance(event, GuardrailTripped):
            self._tell_tripped(response, event)
        response.advance(event, now)
        if response.exceeds_limit:
            self._emit(CancelResponse(job_id))
            details = StatusDetails(type="incomplete", reason="max_output_tokens")
            self._close(response, "incomplete", details)
        elif response.is_finished:
            if self._calls.is_under_way(response.response_id):
                response.patience_until = now + CALL_PATIENCE_S
            else:
                self.finish(response)

    @property
    def patience_until(self) -> float | None:
        """Monotonic seconds at which `end_patience` has something to do; None: never."""
        return earliest([response.patience_until for response in self._running.values()])

    def end_patience(self, now: float) -> None:
        """End responses whose tools take too long for them; the calls go on."""
        for response in list(self._running.values()):
            if response.patience_until is not None and now >= response.patience_until:
                self.finish(response)

    def call_ended(self, response_id: str) -> bool:
        """End a response that only waited for its tools, if the last is done; say whether so."""
        response = self._running.get(response_id)
        if response is None or response.patience_until is None:
            return False
        if self._calls.is_under_way(response_id):
            return False
        self.finish(response)
        return True

    def _tell_tripped(self, response: Response, tripped: GuardrailTripped) -> None:
        """Tell who asked for it; what was not said is nothing for the first connection."""
        event = VivavoceGuardrailTripped(
            event_id=self._new_id("event"),
            response_id=response.response_id,
            item_id=response.begin_message(),
            guardrail=tripped.guardrail,
        )
        if tripped.text is None:
            self._send(event)
            return
        self._emit(Send(event, PRIMARY))
        told = structs.replace(event, event_id=self._new_id("event"), text=tripped.text)
        self._emit(Send(told, SIDEBANDS))

    def fail(self, failed: ResponseFailed) -> bool:
        """Take the news that an engine gave up; return whether only a prepared answer was lost."""
        job_id = failed.response_id
        if self.prepared is not None and self.prepared.job_id == job_id:
            self.prepared = None
            return True
        response = self._by_job.get(job_id)
        if response is not None:
            if not failed.was_started:
                response.input_counts = ()
            self.fail_response(response, failed.message, failed.code, failed.kind)
        return False

    def fail_response(
        self, response: Response, message: str, code: str, kind: str = "server_error"
    ) -> None:
        """End a response as failed."""
        error = StatusError(type=kind, code=code, message=message)
        self._close(response, "failed", StatusDetails(type="failed", error=error))

    def finish(self, response: Response) -> None:
        """End a response as its engine left it."""
        reason = response.finish_reason
        if reason == "stop":
            self._close(response, "completed", None)
        else:
            self._close(response, "incomplete", StatusDetails(type="incomplete", reason=reason))

    def cancel(self, response: Response, reason: CancelReason) -> None:
        """End a response because it is not wanted any more."""
        if response.job_id:
            self._emit(CancelResponse(response.job_id))
        self._close(response, "cancelled", StatusDetails(type="cancelled", reason=reason))

    # --- the prepared one ---

    def prepare(self, settings: ResponseSettings, user_item: ItemRecord) -> None:
        """Begin an answer to a turn that may not be over yet.

        Args:
            settings: the session's.
            user_item: what the turn's item will be, with the transcript as it looks now.
        """
        job_id = self._new_id("resp")
        self.prepared = Prepared(job_id, user_item.text)
        records = [*self._conversation.context, user_item]
        request = self._request(job_id, settings, records)
        sound_format = self._sound_format or settings.audio_format
        self._emit(StartResponse(request, sound_format, prepared=True))

    def discard_prepared(self) -> None:
        """Forget the prepared answer, if there is one."""
        if self.prepared is not None:
            self._emit(CancelResponse(self.prepared.job_id))
            self.prepared = None

    def _close(self, response: Response, status: Status, details: StatusDetails | None) -> None:
        if self.prepared is not None and self.prepared.claimed_by is response:
            self.discard_prepared()
        self._running.pop(response.response_id, None)
        self._by_job.pop(response.job_id, None)
        response.close(status, details)
        self._on_done(response)

    def prompt(self, settings: ResponseSettings, records: Sequence[ItemRecord]) -> Prompt:
        """Return what the language model is given."""
        limit, temperature = settings.max_output_tokens, settings.temperature
        return Prompt(
            session_id=self._session_id,
            out_of_band=not settings.in_conversation,
            instructions=described(settings),
            tools=settings.tools,
            tool_choice=settings.tool_choice,
            items=prompt_items(records, hears_audio=self._hears_audio),
            max_output_tokens=limit if isinstance(limit, int) else None,
            temperature=temperature if isinstance(temperature, float) else None,
            reasoning_effort=settings.reasoning_effort,
            parallel_tool_calls=settings.parallel_tool_calls,
            spoken=settings.modality == "audio",
        )

    def _request(
        self, job_id: str, settings: ResponseSettings, records: Sequence[ItemRecord]
    ) -> ResponseRequest:
        return ResponseRequest(
            response_id=job_id,
            prompt=self.prompt(settings, records),
            modality=settings.modality,
            voice=settings.voice,
            speed=settings.speed,
        )


def same_words(one: str, other: str) -> bool:
    """Whether two transcripts have the same words, whatever their punctuation and case."""
    return _words(one) == _words(other)


def _words(text: str) -> list[str]:
    return [word for word in NOT_A_WORD.split(text.casefold()) if word]
