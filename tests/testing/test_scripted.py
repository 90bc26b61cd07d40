from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from vivavoce.errors import ConfigError, EngineError
from vivavoce.interfaces import (
    AudioOrPause,
    Finished,
    Prompt,
    PromptItem,
    PromptMessage,
    PromptToolCall,
    PromptToolOutput,
    TextDelta,
    ToolCallDelta,
    Transcript,
    TranscriptDelta,
    TranscriptionHints,
)
from vivavoce.media.pcm import silence
from vivavoce.testing.scripted import open_scripted_engines

WEATHER = """
[delays]
first_token_ms = 80

[[turns]]
hears = "How is the weather in Paris?"
partials = ["How is"]
calls = [{ name = "get_weather", arguments = { city = "Paris" } }]

[[turns]]
when = "sunny"
answer = "The sun shines in Paris."

[[turns]]
hears = "Thank you."
answer = "You are welcome."
delays.first_token_ms = 0
"""

CALL = PromptToolCall("call_1", "get_weather", '{"city":"Paris"}')


async def no_wait(_seconds: float) -> None:
    pass


def written(folder: Path, text: str) -> Path:
    path = folder / "script.toml"
    path.write_text(text)
    return path


async def answer(path: Path, *items: PromptItem) -> str:
    prompt = Prompt(session_id="sess_1", items=items)
    async with open_scripted_engines(path, sleep=no_wait) as engines:
        events = [event async for event in engines.language_model.generate(prompt)]
    assert isinstance(events[-1], Finished)
    return "".join(
        event.text if isinstance(event, TextDelta) else event.arguments
        for event in events
        if isinstance(event, TextDelta | ToolCallDelta)
    )


async def audio() -> AsyncIterator[AudioOrPause]:
    yield silence(600)


async def test_spoken_turns_are_heard_in_their_order(tmp_path: Path) -> None:
    path = written(tmp_path, WEATHER)

    async with open_scripted_engines(path, sleep=no_wait) as engines:
        events = [
            event
            for _ in range(3)
            async for event in engines.transcriber.transcribe(audio(), TranscriptionHints())
        ]

    assert events == [
        TranscriptDelta("How is"),
        Transcript("How is the weather in Paris?"),
        Transcript("Thank you."),
        Transcript("Hello."),
    ]


async def test_a_turn_answers_what_it_hears(tmp_path: Path) -> None:
    path = written(tmp_path, WEATHER)
    question = PromptMessage("user", "How is the weather in Paris?")

    assert await answer(path, question) == '{"city":"Paris"}'
    assert await answer(path, question, CALL, PromptToolOutput("call_1", "It is sunny.")) == (
        "The sun shines in Paris."
    )
    assert await answer(path, PromptMessage("user", "Thank you.")) == "You are welcome."


async def test_what_no_turn_fits_gets_the_default_answer(tmp_path: Path) -> None:
    path = written(tmp_path, WEATHER + '\n[default]\nanswer = "Pardon?"')

    assert await answer(path, PromptMessage("user", "Hm.")) == "Pardon?"
    assert await answer(path) == "Pardon?"


async def test_a_turn_without_condition_answers_the_message_of_its_number(tmp_path: Path) -> None:
    path = written(tmp_path, '[[turns]]\nanswer = "One."\n[[turns]]\nanswer = "Two."\n')
    user, assistant = PromptMessage("user", "Hm."), PromptMessage("assistant", "One.")

    assert await answer(path, user) == "One."
    assert await answer(path, user, assistant, user) == "Two."


async def test_a_message_of_the_system_can_be_matched(tmp_path: Path) -> None:
    path = written(tmp_path, '[[turns]]\nwhen = "result"\nanswer = "It came."\n')
    late = PromptMessage("system", "The result of look has come: 3")

    assert await answer(path, PromptMessage("assistant", "Wait."), late) == "It came."


async def test_a_greeting_matches_nothing_said(tmp_path: Path) -> None:
    path = written(tmp_path, '[[turns]]\nwhen = "^$"\nanswer = "Welcome."\n')

    assert await answer(path) == "Welcome."


async def test_a_fault_of_the_transcript_spares_the_answer(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        '[[turns]]\nhears = "Hi."\nanswer = "Ho."\nfail_after_s = 0\nfault_in = "transcript"\n',
    )

    async with open_scripted_engines(path, sleep=no_wait) as engines:
        with pytest.raises(EngineError):
            _ = [e async for e in engines.transcriber.transcribe(audio(), TranscriptionHints())]

    assert await answer(path, PromptMessage("user", "Hi.")) == "Ho."


async def test_voices_and_threshold_come_from_the_script(tmp_path: Path) -> None:
    path = written(tmp_path, 'speech_threshold_dbfs = -90\n[voice]\nnames = ["marin"]\n')

    async with open_scripted_engines(path) as engines:
        assert engines.voices == ("marin",)
        quiet = silence(32)
        assert engines.new_speech_detector().push(quiet) == [0.0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[turns]]\nhear = 'x'", "turns[0].hear: there is no such setting"),
        ("[delays]\ntoken_ms = -1", "delays.token_ms: Expected float >= 0.0"),
        ("[[turns]]\nwhen = '('", "turns[0].when: not a pattern: missing ), unterminated"),
        ("[[turns]]\nfail_after_s = 0\nstall_after_s = 1", "turns[0]: a turn can have one fault"),
        ("[[turns]]\npartials = ['x']", "turns[0].partials: there is nothing heard"),
        ("[[turns]]\nhears = 'ab'\npartials = ['b']", "turns[0].partials[0]: not the beginning"),
        ("[[turns]]\nfault_in = 'transcript'", "turns[0].fault_in: this turn has no transcript"),
        ("[[turns]]\ncalls = [{}]", "turns[0].calls[0].name: this setting is needed"),
        ("turns = 1", "turns: Expected array, got int"),
        ("[", "is not TOML"),
    ],
)
async def test_a_bad_script_is_refused_by_the_name_of_the_key(
    tmp_path: Path, text: str, message: str
) -> None:
    path = written(tmp_path, text)

    with pytest.raises(ConfigError) as caught:
        async with open_scripted_engines(path):
            pass

    assert message in str(caught.value)


async def test_a_missing_script_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        async with open_scripted_engines(tmp_path / "none.toml"):
            pass
