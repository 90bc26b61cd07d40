"""A responder whose answers are checked before anybody hears of them."""

import logging
from collections.abc import Sequence
from contextlib import aclosing

from vivavoce.engines.guards.guard import Guard
from vivavoce.engines.guards.held import Held, Passed, StartTask
from vivavoce.engines.guards.line import say_line
from vivavoce.interfaces import (
    AudioDelta,
    Finished,
    GuardrailTripped,
    PhaseStarted,
    PromptRead,
    Responder,
    ResponseEvent,
    ResponseRequest,
    Speak,
    Stream,
    TextDelta,
    ToolCallStarted,
)

LOG = logging.getLogger(__name__)


class GuardedResponder:
    """Passes on what another responder makes, as far as its guard rails allow.

    They look at what is said or written to the user; calls of functions pass as they are.
    """

    def __init__(
        self,
        responder: Responder,
        speak: Speak | None,
        guards: Sequence[Guard],
        start: StartTask,
    ) -> None:
        """Stand before a responder.

        Args:
            responder: makes the answers.
            speak: what speaks for it; None: it speaks for itself, and its sound may run
                ahead of its words.
            guards: all that must agree.
            start: runs a judge.
        """
        self._responder = responder
        self._speak = speak
        self._guards = guards
        self._start = start

    @property
    def hears_audio(self) -> bool:
        """See `Responder`."""
        return self._responder.hears_audio

    @property
    def sees_pictures(self) -> bool:
        """See `Responder`."""
        return self._responder.sees_pictures

    @property
    def prepare_after_ms(self) -> int:
        """See `Responder`."""
        return self._responder.prepare_after_ms

    async def respond(self, request: ResponseRequest) -> Stream[ResponseEvent | PromptRead]:
        """Make one answer; where a check objects, the line of that check ends it.

        Raises:
            EngineError: an engine gave up.
        """
        if not request.for_user:
            async with aclosing(self._responder.respond(request)) as events:
                async for event in events:
                    yield event
            return
        held = self._held(request)
        try:
            async with aclosing(self._responder.respond(request)) as events:
                async for event in events:
                    for passed in await _checked(event, held):
                        yield passed
                    if held.tripped is not None:
                        break
                    if not isinstance(event, TextDelta | AudioDelta):
                        yield event
            if held.tripped is None:
                return
            yield _news_of(held, held.tripped)
            line = held.tripped.config.line
            saying = say_line(line, held.passed_text, request, self._responder, self._speak)
            async with aclosing(saying) as said:
                async for event in said:
                    yield event
            yield Finished("content_filter")
        finally:
            held.drop()

    def _held(self, request: ResponseRequest) -> Held:
        is_spoken = request.modality == "audio"
        return Held(
            self._guards,
            self._start,
            is_spoken=is_spoken,
            trails=is_spoken and self._speak is None,
        )


async def _checked(event: ResponseEvent | PromptRead, held: Held) -> Passed:
    match event:
        case TextDelta(text=text, n_tokens=n_tokens):
            return await held.take_text(text, n_tokens)
        case AudioDelta(data):
            return await held.take_sound(data)
        case PhaseStarted() | ToolCallStarted() | Finished():
            return await held.end_message()
        case _:
            return []


def _news_of(held: Held, guard: Guard) -> GuardrailTripped:
    LOG.warning("the guard rail '%s' stopped an answer", guard.name)
    text = held.text if guard.config.report_text else None
    return GuardrailTripped(guard.name, text, held.n_tokens)
