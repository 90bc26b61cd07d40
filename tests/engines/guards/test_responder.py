"""Nothing that a guard rail forbids is ever heard or read, and its line is said instead."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Sequence
from contextlib import aclosing
from functools import partial
from itertools import cycle

from hypothesis import given, settings
from hypothesis import strategies as st

from vivavoce.engines.cascade.lines import speak_line
from vivavoce.engines.cascade.responder import CascadeResponder
from vivavoce.engines.guards.guard import Guard
from vivavoce.engines.guards.responder import GuardedResponder
from vivavoce.engines.guards.settings import GuardrailConfig
from vivavoce.engines.guards.words import WordScanner, phrase_tree
from vivavoce.interfaces import (
    AudioDelta,
    Finished,
    GuardrailTripped,
    Prompt,
    PromptMessage,
    PromptRead,
    Responder,
    ResponseEvent,
    ResponseRequest,
    TextDelta,
    Tool,
    ToolCallDelta,
    ToolCallFinished,
    ToolCallStarted,
)
from vivavoce.media.pcm import Pcm

LINE = "Let us go on."
FORBIDDEN = ("acme", "secret price", "five dollars")
TREE = phrase_tree(FORBIDDEN)
WORDS = Guard(
    config=GuardrailConfig(name="words", kind="words", line=LINE, words=FORBIDDEN),
    new_scanner=lambda: WordScanner(TREE),
)


class Writing:
    """A language model that writes what it is given, and tells whether it was closed."""

    prepare_after_ms = 32
    window_tokens = None
    reasoning_efforts: tuple[str, ...] = ()
    sees_pictures = False

    def __init__(self, pieces: Sequence[str]) -> None:
        self._pieces = pieces
        self.is_closed = False

    async def generate(self, _prompt: Prompt) -> AsyncGenerator[TextDelta | Finished, None]:
        try:
            for piece in self._pieces:
                yield TextDelta(piece)
            yield Finished()
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


class TellingVoice:
    """A synthesizer whose sound is the text."""

    voices: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    custom_voices = False

    def __init__(self) -> None:
        self.has_begun = asyncio.Event()

    async def synthesize(self, text: str, voice: str, speed: float) -> AsyncGenerator[Pcm, None]:
        self.has_begun.set()
        sound = f" {text}".encode("utf-16-le")
        for start in range(0, len(sound), 8):
            yield Pcm(sound[start : start + 8])


class Giving:
    """A responder that speaks for itself: it gives the same events whatever it is asked."""

    prepare_after_ms = 32
    hears_audio = True
    sees_pictures = False

    def __init__(self, *answers: Sequence[ResponseEvent]) -> None:
        self._answers = list(answers)
        self.asked: list[ResponseRequest] = []

    async def respond(self, request: ResponseRequest) -> AsyncGenerator[ResponseEvent, None]:
        self.asked.append(request)
        for event in self._answers.pop(0):
            yield event


class Judging:
    """Objects to a word when it is let."""

    def __init__(self, word: str, may_answer: asyncio.Event | None = None) -> None:
        self._word = word
        self._may_answer = may_answer
        self.asked: list[tuple[str, str]] = []

    async def judge(self, text: str, before: str) -> bool:
        self.asked.append((text, before))
        if self._may_answer is not None:
            await self._may_answer.wait()
        return self._word in text


def judged_by(judge: Judging) -> Guard:
    config = GuardrailConfig(name="judge", kind="classifier", url="http://127.0.0.1/", line=LINE)
    return Guard(config=config, judge=judge)


def asked(**changes: object) -> ResponseRequest:
    prompt = Prompt(session_id="sess_1", items=(PromptMessage("user", "Hello."),))
    return ResponseRequest(**{"response_id": "resp_1", "prompt": prompt, **changes})  # type: ignore[arg-type]  # fields by name


async def answer_of(
    responder: Responder,
    *guards: Guard,
    voice: TellingVoice | None = None,
    **changes: object,
) -> list[ResponseEvent]:
    async with asyncio.TaskGroup() as tasks:

        def start(judging: Coroutine[None, None, bool]) -> asyncio.Task[bool]:
            return tasks.create_task(judging)

        speak = None if voice is None else partial(speak_line, voice)
        guarded = GuardedResponder(responder, speak, guards, start)
        async with aclosing(guarded.respond(asked(**changes))) as events:
            return [event async for event in events if not isinstance(event, PromptRead)]


async def spoken(pieces: Sequence[str], *guards: Guard) -> list[ResponseEvent]:
    voice = TellingVoice()
    responder = CascadeResponder(Writing(pieces), voice)
    return await answer_of(responder, *guards, voice=voice)


async def written(pieces: Sequence[str], *guards: Guard) -> list[ResponseEvent]:
    responder = CascadeResponder(Writing(pieces), TellingVoice())
    return await answer_of(responder, *guards, modality="text")


def text_of(events: Sequence[ResponseEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def heard_in(events: Sequence[ResponseEvent]) -> str:
    sound = b"".join(event.data for event in events if isinstance(event, AudioDelta))
    return sound.decode("utf-16-le")


def has_forbidden(text: str) -> bool:
    scanner = WordScanner(TREE)
    return scanner.push(text, is_clause=False).is_violated or scanner.end().is_violated


def cut(text: str, sizes: Sequence[int]) -> list[str]:
    pieces: list[str] = []
    place = 0
    for size in cycle(sizes):
        if place >= len(text):
            return pieces
        pieces.append(text[place : place + size])
        place += size
    return pieces


VOCABULARY = ("the", "Acme", "secret", "price", "is", "five", "dollars", "nice", "A.C.M.E.")
TEXTS = st.lists(
    st.tuples(st.sampled_from(VOCABULARY), st.sampled_from([" ", ", ", ". ", "-", "! "])),
    max_size=25,
).map(lambda words: "".join(word + gap for word, gap in words))
SIZES = st.lists(st.integers(1, 9), min_size=1, max_size=20)


@settings(deadline=None)  # a garbage collection of others may fall into one
@given(text=TEXTS, sizes=SIZES)
def test_no_forbidden_word_is_heard_or_read_however_the_answer_is_cut(
    text: str, sizes: list[int]
) -> None:
    async def check() -> None:
        pieces = cut(text, sizes)
        for events in (await spoken(pieces, WORDS), await written(pieces, WORDS)):
            said, heard = text_of(events), heard_in(events)
            assert not has_forbidden(said)
            assert not has_forbidden(heard)
            is_tripped = any(isinstance(event, GuardrailTripped) for event in events)
            assert is_tripped == has_forbidden(text)
            assert said.endswith(LINE) if is_tripped else said == text
            assert events[-1] == Finished("content_filter" if is_tripped else "stop")

    asyncio.run(check())


async def test_the_line_is_said_in_place_of_the_rest() -> None:
    events = await spoken(["I like our shop. ", "Acme is ", "bad. And so on."], WORDS)

    assert text_of(events) == f"I like our shop. {LINE}"
    assert heard_in(events) == f" I like our shop. {LINE}"


async def test_the_engine_is_stopped_before_the_line_is_said() -> None:
    model = Writing(["Acme is bad. ", "And so on."])
    voice = TellingVoice()

    events = await answer_of(CascadeResponder(model, voice), WORDS, voice=voice)

    assert model.is_closed
    assert text_of(events) == LINE


async def test_what_was_held_back_is_told_only_where_the_operator_wants_it() -> None:
    def guard(*, report_text: bool) -> Guard:
        config = GuardrailConfig(name="w", kind="words", words=("acme",), report_text=report_text)
        return Guard(config=config, new_scanner=lambda: WordScanner(TREE))

    told = await spoken(["Acme is bad."], guard(report_text=True))
    untold = await spoken(["Acme is bad."], guard(report_text=False))

    assert told[0] == GuardrailTripped("w", "Acme is bad.", 1)
    assert untold[0] == GuardrailTripped("w", None, 1)


async def test_what_is_written_comes_clause_by_clause() -> None:
    events = await written(["Welcome ", "here. ", "The secret ", "price is", " low."], WORDS)

    assert text_of(events) == f"Welcome here. {LINE}"
    assert events[0] == TextDelta("Welcome here.", 2)


async def test_calls_pass_as_they_are() -> None:
    call: list[ResponseEvent] = [
        ToolCallStarted("look_up"),
        ToolCallDelta('{"name": "acme"}'),
        ToolCallFinished(),
    ]

    events = await answer_of(Giving([*call, Finished()]), WORDS)

    assert events == [*call, Finished()]


async def test_words_before_a_call_are_checked_before_the_call() -> None:
    given: list[ResponseEvent] = [
        TextDelta("My secret"),
        AudioDelta(b"ab"),
        ToolCallStarted("look_up"),
        Finished(),
    ]

    events = await answer_of(Giving(given), WORDS)

    assert events == given


async def test_a_note_of_the_server_to_itself_is_not_checked() -> None:
    given: list[ResponseEvent] = [TextDelta("The user asked about Acme."), Finished()]

    assert await answer_of(Giving(given), WORDS, modality="text", for_user=False) == given


async def test_a_clause_is_judged_while_it_is_being_synthesised() -> None:
    may_answer = asyncio.Event()
    judge = Judging("bad", may_answer)
    voice = TellingVoice()

    async def release() -> None:
        await voice.has_begun.wait()
        may_answer.set()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(release())
        responder = CascadeResponder(Writing(["All is well. "]), voice)
        events = await answer_of(responder, judged_by(judge), voice=voice)

    assert judge.asked == [("All is well.", ""), (" ", "All is well.")][: len(judge.asked)]
    assert heard_in(events).startswith(" All is well.")


async def test_a_judge_sees_each_clause_with_what_was_said_before_it() -> None:
    judge = Judging("bad")

    events = await spoken(["All is well here. ", "No, it is bad. ", "Good."], judged_by(judge))

    assert judge.asked[:2] == [
        ("All is well here.", ""),
        (" No, it is bad.", "All is well here."),
    ]
    assert text_of(events) == f"All is well here. {LINE}"
    assert heard_in(events) == f" All is well here. {LINE}"


async def test_what_is_written_waits_for_its_judge_sentence_by_sentence() -> None:
    judge = Judging("bad")

    events = await written(["All is ", "well here. ", "It is bad. "], judged_by(judge))

    assert text_of(events) == f"All is well here. {LINE}"


async def test_sound_of_one_that_speaks_for_itself_waits_for_the_next_words() -> None:
    given: list[ResponseEvent] = [
        TextDelta("All is well. "),
        AudioDelta(b"1."),
        AudioDelta(b"ac"),  # runs ahead of its words
        TextDelta("Acme is bad."),
        AudioDelta(b"me"),
        Finished(),
    ]
    said: list[ResponseEvent] = [TextDelta(LINE), AudioDelta(b"li"), Finished()]

    events = await answer_of(Giving(given, said), WORDS)

    assert heard_bytes(events) == b"li"
    assert text_of(events) == LINE


async def test_a_line_that_the_responder_says_otherwise_stays_written() -> None:
    given: list[ResponseEvent] = [TextDelta("Acme is bad."), Finished()]
    said: list[ResponseEvent] = [
        TextDelta("Sure! I am happy to read that."),
        AudioDelta(b"no"),
        Finished(),
    ]
    responder = Giving(given, said)

    events = await answer_of(responder, WORDS)

    assert heard_bytes(events) == b""
    assert text_of(events) == LINE
    assert responder.asked[1].prompt.out_of_band


async def test_answers_that_nobody_objects_to_stay_as_they_are() -> None:
    given: list[ResponseEvent] = [
        TextDelta("Well, "),
        *(AudioDelta(b"12"), AudioDelta(b"34")),
        TextDelta("hello."),
        AudioDelta(b"56"),
        Finished("max_output_tokens", 7, 3),
    ]

    assert await answer_of(Giving(given), WORDS) == given


def heard_bytes(events: Sequence[ResponseEvent]) -> bytes:
    return b"".join(event.data for event in events if isinstance(event, AudioDelta))
