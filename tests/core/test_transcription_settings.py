"""What may be asked of transcription is what the engine promises; the rest is refused by name."""

import pytest
from msgspec import structs

from vivavoce.core.options import SessionKind, SessionOptions
from vivavoce.core.settings import initial_session
from vivavoce.core.transcription_settings import (
    LOGPROBS,
    check_include,
    check_transcription,
    follows_speech,
    hints_of,
    writes_early,
)
from vivavoce.errors import ProtocolError
from vivavoce.interfaces import TranscriberAbilities, TranscriptionHints
from vivavoce.protocol.audio_settings import Transcription
from vivavoce.protocol.session import RealtimeSession

ABLE = TranscriberAbilities(
    languages=("de", "en"),
    candidates=True,
    prompt=True,
    keywords=True,
    delay=True,
    logprobs=True,
    speakers=True,
    writes_while_listening=True,
)


def options(
    kind: SessionKind = "transcription", abilities: TranscriberAbilities = ABLE
) -> SessionOptions:
    return SessionOptions(kind=kind, transcriber=abilities)


def session(asked: Transcription | None, **members: object) -> RealtimeSession:
    start = initial_session(options(), "sess_1", 0)
    audio_input = structs.replace(start.audio.input, transcription=asked)
    audio = structs.replace(start.audio, input=audio_input)
    return structs.replace(start, audio=audio, **members)


def refusal(asked: Transcription, given: SessionOptions) -> str | None:
    with pytest.raises(ProtocolError) as caught:
        check_transcription(asked, "t", given)
    return caught.value.param


WISHES = [
    (Transcription(model="gpt-transcribe", prompt="A talk."), "t.prompt"),
    (Transcription(model="gpt-transcribe", keywords=("Oslo",)), "t.keywords"),
    (Transcription(model="gpt-transcribe", languages=("de", "en")), "t.languages"),
    (Transcription(model="gpt-transcribe", delay="low"), "t.delay"),
    (Transcription(model="gpt-4o-transcribe-diarize"), "t.model"),
]


@pytest.mark.parametrize(("asked", "param"), WISHES)
def test_a_wish_is_accepted_where_the_engine_can_and_refused_where_not(
    asked: Transcription, param: str
) -> None:
    check_transcription(asked, "t", options())

    assert refusal(asked, options(abilities=TranscriberAbilities())) == param


@pytest.mark.parametrize(
    ("asked", "param"),
    [
        (Transcription(language="xx"), "t.language"),
        (Transcription(languages=("de", "xx")), "t.languages[1]"),
        (Transcription(language="de", languages=("de", "en")), "t.languages"),
        (Transcription(keywords=("word",) * 101), "t.keywords"),
        (Transcription(model="nonsense"), "t.model"),
    ],
)
def test_wrong_values_are_refused_by_name(asked: Transcription, param: str) -> None:
    assert refusal(asked, options()) == param


def test_a_language_may_have_a_region_and_any_is_passed_on_to_an_engine_that_lists_none() -> None:
    check_transcription(Transcription(language="de-AT"), "t", options())
    check_transcription(
        Transcription(language="xx"), "t", options(abilities=TranscriberAbilities())
    )


def test_one_candidate_is_the_language() -> None:
    asked = Transcription(model="gpt-transcribe", languages=("de",))

    check_transcription(asked, "t", options(abilities=TranscriberAbilities()))

    assert hints_of(session(asked)).language == "de"
    assert hints_of(session(asked)).languages == ()


def test_empty_wishes_are_no_wishes() -> None:
    asked = Transcription(
        model="whisper-1", language="", prompt="", languages=(), keywords=None, delay=None
    )

    check_transcription(asked, "t", options(abilities=TranscriberAbilities()))

    assert hints_of(session(asked)) == TranscriptionHints(model="whisper-1")


def test_delay_in_a_conversation_is_for_models_that_write_while_one_speaks() -> None:
    check_transcription(
        Transcription(model="gpt-realtime-whisper", delay="low"), "t", options("realtime")
    )

    assert refusal(Transcription(model="whisper-1", delay="low"), options("realtime")) == "t.delay"


def test_probabilities_are_included_where_the_engine_knows_them() -> None:
    check_include((LOGPROBS,), "session.include", ABLE)
    check_include(None, "session.include", TranscriberAbilities())

    with pytest.raises(ProtocolError) as caught:
        check_include((LOGPROBS,), "session.include", TranscriberAbilities())
    assert caught.value.param == "session.include"


def test_the_hints_say_all_that_was_asked() -> None:
    asked = Transcription(
        model="gpt-transcribe",
        prompt="A talk.",
        languages=("de", "en"),
        keywords=("Oslo",),
        delay="high",
    )

    assert hints_of(session(asked, include=(LOGPROBS,))) == TranscriptionHints(
        model="gpt-transcribe",
        prompt="A talk.",
        languages=("de", "en"),
        keywords=("Oslo",),
        delay="high",
        logprobs=True,
    )
    assert hints_of(session(Transcription(model="gpt-4o-transcribe-diarize"))).speakers


@pytest.mark.parametrize(
    ("kind", "model", "is_early"),
    [
        ("transcription", "whisper-1", True),
        ("realtime", "gpt-4o-transcribe", False),
        ("realtime", "gpt-live-transcribe", True),
    ],
)
def test_words_come_early_in_transcription_sessions_and_where_the_name_promises_it(
    kind: SessionKind, model: str, is_early: bool
) -> None:
    asking = session(Transcription(model=model))

    assert writes_early(asking, kind) is is_early
    assert follows_speech(asking, options(kind)) is is_early


def test_speech_is_followed_only_for_engines_that_write_while_they_listen() -> None:
    asking = session(Transcription(model="whisper-1"))

    assert not follows_speech(asking, options(abilities=TranscriberAbilities()))
    assert not follows_speech(session(None), options())
    assert not follows_speech(session(Transcription(model="gpt-4o-transcribe-diarize")), options())
