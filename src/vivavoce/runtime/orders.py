"""Carries out what a session asks of the engines: starts, feeds and cancels jobs. Never waits."""

from collections.abc import Awaitable, Callable
from typing import assert_never

from vivavoce.core.inputs import (
    Input,
    ResponseFailed,
    TranscriptionFailed,
    TranslationFailed,
    TurnJudged,
)
from vivavoce.core.outputs import (
    CancelResponse,
    CancelTranscription,
    CountTokens,
    EndTranscription,
    FeedTranscription,
    ForgetPictures,
    JudgeTurn,
    PauseTranscription,
    PrefillPrompt,
    ReadPicture,
    ReleaseResponse,
    ResumeTranscription,
    StartResponse,
    StartTranscription,
    StartTranslation,
)
from vivavoce.core.tool_orders import CallTool, CancelTool, ListTools
from vivavoce.interfaces import Engines
from vivavoce.media.pcm import Pcm
from vivavoce.runtime.jobs import STALLED, Jobs, Watch
from vivavoce.runtime.picture_jobs import PictureJobs
from vivavoce.runtime.prepared_room import PreparedRoom
from vivavoce.runtime.response_job import ResponseJob
from vivavoce.runtime.response_limits import ResponseLimits
from vivavoce.runtime.settings import RunnerSettings
from vivavoce.runtime.token_counts import TokenCounts
from vivavoce.runtime.tool_jobs import ToolJobs
from vivavoce.runtime.transcription_job import TranscriptionJob
from vivavoce.runtime.translation_job import run_translation

Post = Callable[[Input], Awaitable[None]]

EngineOrder = (
    StartTranscription
    | FeedTranscription
    | PauseTranscription
    | ResumeTranscription
    | EndTranscription
    | CancelTranscription
    | JudgeTurn
    | StartResponse
    | ReleaseResponse
    | CancelResponse
    | StartTranslation
    | PrefillPrompt
    | CountTokens
    | ListTools
    | CallTool
    | CancelTool
    | ReadPicture
    | ForgetPictures
)

RESPONSE = "response "
TRANSCRIPTION = "transcription "
TRANSLATION = "translation "
PREFILL = "prefill"
COUNT = "count tokens"
JUDGE = "judge turn"


class Orders:
    """The engine work of one session. Only the steering task calls it."""

    def __init__(
        self,
        *,
        jobs: Jobs,
        engines: Engines,
        tools: ToolJobs,
        settings: RunnerSettings,
        prepared_room: PreparedRoom,
        limits: ResponseLimits,
        post: Post,
        post_when_room: Post,
        answers_ended: Callable[[], None],
    ) -> None:
        self._jobs = jobs
        self._engines = engines
        self._tools = tools
        self._settings = settings
        self._prepared_room = prepared_room
        self._limits = limits
        self._post = post
        self._post_when_room = post_when_room
        self._answers_ended = answers_ended
        self._responses: dict[str, ResponseJob] = {}
        self._transcriptions: dict[str, TranscriptionJob] = {}
        self._translations: set[str] = set()
        self._pictures = PictureJobs(jobs, engines.picture_reader, post)
        self._counts = TokenCounts(engines.language_model, post)

    @property
    def is_answering(self) -> bool:
        """Whether an answer is being made."""
        return bool(self._responses) or bool(self._translations)

    def carry_out(self, order: EngineOrder) -> list[Input]:  # noqa: C901 - one case an order
        """Do what is asked; return what the session must be told at once, usually nothing."""
        match order:
            case StartResponse():
                if (refusal := self._limits.refuse(order)) is not None:
                    return [refusal]
                self._start_response(order)
            case ReleaseResponse(response_id):
                self._limits.released(response_id)
                if (response := self._responses.get(response_id)) is not None:
                    response.release()
            case CancelResponse(response_id):
                self._jobs.cancel(RESPONSE + response_id)
                self._limits.dropped(response_id)
                self._forget_response(response_id)
            case StartTranscription():
                self._start_transcription(order)
            case FeedTranscription(item_id, data):
                return self._feed(item_id, data)
            case PauseTranscription(item_id):
                if (transcription := self._transcriptions.get(item_id)) is not None:
                    transcription.feed.pause()
            case ResumeTranscription(item_id):
                if (transcription := self._transcriptions.get(item_id)) is not None:
                    transcription.feed.resume()
            case EndTranscription(item_id):
                if (transcription := self._transcriptions.get(item_id)) is not None:
                    transcription.end()
            case CancelTranscription(item_id):
                self._jobs.cancel(TRANSCRIPTION + item_id)
                self._transcriptions.pop(item_id, None)
            case StartTranslation():
                self._start_translation(order)
            case JudgeTurn():
                self._judge(order)
            case PrefillPrompt():
                self._prefill(order)
            case CountTokens():
                self._count(order)
            case ListTools() | CallTool() | CancelTool():
                self._tools.carry_out(order)
            case ReadPicture():
                self._pictures.start(order)
            case ForgetPictures():
                self._pictures.forget(order)
            case _:
                assert_never(order)
        return []

    def _start_response(self, order: StartResponse) -> None:
        response_id = order.request.response_id
        response = ResponseJob(
            order,
            responder=self._engines.responder,
            post=self._post_when_room,
            prepared_room=self._prepared_room,
            max_lead_s=self._settings.max_lead_s,
        )
        self._responses[response_id] = response

        async def respond(watch: Watch) -> None:
            try:
                await response.run(watch)
            finally:
                self._forget_response(response_id)

        def failed(message: str, code: str) -> ResponseFailed:
            self._limits.dropped(response_id)
            return ResponseFailed(response_id, message, code)

        self._jobs.start(RESPONSE + response_id, respond, failed)

    def _forget_response(self, response_id: str) -> None:
        if self._responses.pop(response_id, None) is not None and not self._responses:
            self._answers_ended()

    def _start_transcription(self, order: StartTranscription) -> None:
        item_id = order.item_id
        transcription = TranscriptionJob(
            order, transcriber=self._engines.transcriber, post=self._post
        )
        self._transcriptions[item_id] = transcription

        async def transcribe(watch: Watch) -> None:
            try:
                await transcription.run(watch)
            finally:
                self._transcriptions.pop(item_id, None)

        self._jobs.start(
            TRANSCRIPTION + item_id,
            transcribe,
            lambda message, code: TranscriptionFailed(item_id, message, code),
        )

    def _start_translation(self, order: StartTranslation) -> None:
        utterance_id, interpreter = order.utterance_id, self._engines.interpreter
        assert interpreter is not None  # else there would be no such session
        self._translations.add(utterance_id)

        async def interpret(watch: Watch) -> None:
            try:
                await run_translation(order, interpreter, self._post_when_room, watch)
            finally:
                self._translations.discard(utterance_id)
                if not self.is_answering:
                    self._answers_ended()

        self._jobs.start(
            TRANSLATION + utterance_id,
            interpret,
            lambda message, code: TranslationFailed(utterance_id, message, code),
        )

    def _feed(self, item_id: str, data: bytes) -> list[Input]:
        transcription = self._transcriptions.get(item_id)
        if transcription is None or transcription.feed.put(data):
            return []
        self._jobs.cancel(TRANSCRIPTION + item_id)
        self._transcriptions.pop(item_id, None)
        return [TranscriptionFailed(item_id, "The transcriber is too far behind.", STALLED)]

    def _judge(self, order: JudgeTurn) -> None:
        turn_judge = self._engines.turn_judge
        if turn_judge is None:
            return

        async def judge(watch: Watch) -> None:
            watch.engine_is_asked()
            probability = await turn_judge.judge(Pcm(order.data))
            watch.engine_has_answered()
            await self._post(TurnJudged(order.item_id, order.pause_ms, probability))

        self._jobs.start(JUDGE, judge, _unmissed)

    def _prefill(self, order: PrefillPrompt) -> None:
        async def prefill(watch: Watch) -> None:
            await self._engines.language_model.prefill(order.prompt)

        self._jobs.start(PREFILL, prefill, _unmissed)

    def _count(self, order: CountTokens) -> None:
        self._counts.add(order)
        if COUNT not in self._jobs:
            self._jobs.start(COUNT, self._counts.run, _unmissed)


def _unmissed(message: str, code: str) -> None:
    """Report nothing: the session goes on as if it had not asked."""
