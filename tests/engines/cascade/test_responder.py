from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import pytest

from vivavoce.engines.cascade.responder import CascadeResponder
from vivavoce.errors import EngineError
from vivavoce.interfaces import (
    AudioDelta,
    Finished,
    ModelEvent,
    Prompt,
    PromptRead,
    ResponseEvent,
    ResponseRequest,
    TextDelta,
    Tool,
    ToolCallDelta,
    ToolCallFinished,
    ToolCallStarted,
)
from vivavoce.media.pcm import Pcm

CALL: list[ModelEvent] = [
    ToolCallStarted("look_up"),
    ToolCallDelta('{"word": "sky"}', n_tokens=5),
    ToolCallFinished(),
]


class WritingModel:
    """A language model that writes what it is given, and tells how far it was read."""

    prepare_after_ms = 160
    window_tokens = None
    reasoning_efforts: tuple[str, ...] = ()
    sees_pictures = False

    def __init__(self, events: Sequence[ModelEvent | PromptRead | Exception]) -> None:
        self._events = events
        self.n_written = 0
        self.is_closed = False

    async def generate(self, _prompt: Prompt) -> AsyncGenerator[ModelEvent | PromptRead, None]:
        try:
            for event in self._events:
                self.n_written += 1
                if isinstance(event, Exception):
                    raise event
                yield event
        finally:
            self.is_closed = True

    async def prefill(self, _prompt: Prompt) -> None:
        return

    async def count_tokens(self, texts: list[str]) -> list[int]:
        return [len(text) for text in texts]

    def check_tool(self, _tool: Tool) -> None:
        return

    def release(self, _session_id: str) -> None:
        return


class SpellingVoice:
    """A synthesizer whose sound is the text, in two pieces."""

    voices = ("alloy",)
    languages: tuple[str, ...] = ()
    custom_voices = False

    def __init__(self, fails_at: str | None = None) -> None:
        self._fails_at = fails_at
        self.asked: list[tuple[str, str, float]] = []
        self.n_open = 0

    async def synthesize(self, text: str, voice: str, speed: float) -> AsyncGenerator[Pcm, None]:
        self.asked.append((text, voice, speed))
        self.n_open += 1
        try:
            yield Pcm(text[:4].encode())
            if text == self._fails_at:
                raise EngineError("lost its voice")
            yield Pcm(text[4:].encode())
        finally:
            self.n_open -= 1


def written(text: str) -> list[ModelEvent | Exception]:
    """Return the text a word at a time."""
    return [TextDelta(word) for word in text.replace(" ", "\0 ").split("\0")]


async def respond(
    model: WritingModel, voice: SpellingVoice | None = None, **request: object
) -> list[ResponseEvent]:
    responder = CascadeResponder(model, voice or SpellingVoice())
    async with aclosing(responder.respond(asked(**request))) as events:
        return [event async for event in events if not isinstance(event, PromptRead)]


def asked(**changes: object) -> ResponseRequest:
    fields: dict[str, object] = {"response_id": "resp_1", "prompt": Prompt(session_id="sess_1")}
    return ResponseRequest(**(fields | changes))  # type: ignore[arg-type]  # fields of several types


def transcript(events: list[ResponseEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def outline(events: list[ResponseEvent]) -> list[str]:
    """Return the clauses and, in brackets, the sounds; other events by their name."""
    lines = []
    for event in events:
        match event:
            case TextDelta(text=text):
                lines.append(text)
            case AudioDelta(data=data):
                lines.append(f"[{data.decode()}]")
            case _:
                lines.append(type(event).__name__)
    return lines


async def test_each_clause_comes_right_before_its_sound() -> None:
    events = await respond(WritingModel([*written("Of course, the sky is blue."), Finished()]))

    assert outline(events) == [
        "Of course,", "[Of c]", "[ourse,]",
        " the sky is blue.", "[the ]", "[sky is blue.]",
        "Finished",
    ]  # fmt: skip


async def test_the_first_sound_waits_for_its_own_clause_alone() -> None:
    model = WritingModel([*written("Of course, the sky is blue. It is."), Finished()])

    async with aclosing(CascadeResponder(model, SpellingVoice()).respond(asked())) as events:
        seen = [await anext(events), await anext(events)]

    assert outline([event for event in seen if not isinstance(event, PromptRead)]) == [
        "Of course,",
        "[Of c]",
    ]
    assert model.n_written == 3  # "Of", " course,", " the": the space shows that the comma is one


async def test_what_is_read_counts_as_a_sign_of_life() -> None:
    model = WritingModel([PromptRead(64), *written("Yes."), Finished()])

    async with aclosing(CascadeResponder(model, SpellingVoice()).respond(asked())) as events:
        assert await anext(events) == PromptRead(64)


async def test_the_deltas_joined_are_what_was_written() -> None:
    text = "Of course, the sky is blue. The sea is too, I think.\nSo there."

    events = await respond(WritingModel([*written(text), Finished()]))

    assert transcript(events) == text


async def test_what_is_heard_is_what_the_transcript_says() -> None:
    text = "**Of course**, see [the page](https://example.com) \N{GRINNING FACE}.\n- one"
    voice = SpellingVoice()

    events = await respond(WritingModel([*written(text), Finished()]), voice)

    assert transcript(events) == "Of course, see the page .\none"
    assert [text for text, _, _ in voice.asked] == ["Of course,", "see the page .", "one,"]


async def test_tokens_are_counted_once() -> None:
    model = WritingModel([TextDelta("**", 2), TextDelta("Hello there", 3), TextDelta("!**", 2)])

    events = await respond(model)

    assert sum(event.n_tokens for event in events if isinstance(event, TextDelta)) == 7


async def test_a_clause_without_words_makes_no_sound() -> None:
    voice = SpellingVoice()

    events = await respond(WritingModel([TextDelta("..."), Finished()]), voice)

    assert (outline(events), voice.asked) == (["...", "Finished"], [])


async def test_text_passes_as_it_comes_when_nothing_is_to_be_heard() -> None:
    voice = SpellingVoice()
    given = [TextDelta("**Of"), TextDelta(" course**, it is"), *CALL, Finished()]

    events = await respond(WritingModel(given), voice, modality="text")

    assert events == given
    assert voice.asked == []


async def test_a_tool_call_passes_through() -> None:
    assert await respond(WritingModel([*CALL, Finished()])) == [*CALL, Finished()]


async def test_a_tool_call_comes_after_the_sound_of_the_words_before_it() -> None:
    events = await respond(WritingModel([TextDelta("One moment"), *CALL, *CALL, Finished()]))

    assert outline(events) == [
        "One moment", "[One ]", "[moment,]",
        *["ToolCallStarted", "ToolCallDelta", "ToolCallFinished"] * 2,
        "Finished",
    ]  # fmt: skip


async def test_words_after_a_tool_call_are_spoken_too() -> None:
    events = await respond(WritingModel([*CALL, TextDelta("Done."), Finished()]))

    assert outline(events)[3:] == ["Done.", "[Done]", "[.]", "Finished"]


async def test_the_end_is_passed_on_as_the_model_said_it() -> None:
    end = Finished("max_output_tokens", input_tokens=10, cached_tokens=4)

    events = await respond(WritingModel([TextDelta("Of cou"), end]))

    assert outline(events)[:3] == ["Of cou", "[Of c]", "[ou,]"]
    assert events[-1] == end


async def test_voice_and_speed_are_passed_on() -> None:
    voice = SpellingVoice()

    model = WritingModel([TextDelta("Yes."), Finished()])

    async with aclosing(
        CascadeResponder(model, voice).respond(asked(voice="cedar", speed=1.2))
    ) as events:
        assert [event async for event in events]

    assert voice.asked == [("Yes.", "cedar", 1.2)]


async def test_when_to_prepare_is_the_models_to_say() -> None:
    assert CascadeResponder(WritingModel([]), SpellingVoice()).prepare_after_ms == 160


async def test_a_failing_voice_fails_the_answer_and_closes_everything() -> None:
    model = WritingModel([*written("Of course, the sky is blue. It is."), Finished()])
    voice = SpellingVoice(fails_at="the sky is blue.")

    with pytest.raises(EngineError, match="lost its voice"):
        await respond(model, voice)

    assert (model.is_closed, voice.n_open) == (True, 0)


async def test_a_failing_model_fails_the_answer() -> None:
    with pytest.raises(EngineError, match="out of memory"):
        await respond(WritingModel([TextDelta("Of"), EngineError("out of memory")]))


@pytest.mark.parametrize("n_events", range(8))
async def test_closing_at_any_point_closes_the_model_and_the_voice(n_events: int) -> None:
    model = WritingModel([*written("Of course, the sky is blue."), *CALL, Finished()])
    voice = SpellingVoice()
    events = CascadeResponder(model, voice).respond(asked())

    for _ in range(n_events):
        await anext(events)
    await events.aclose()

    assert model.is_closed == (n_events > 0)
    assert voice.n_open == 0
