"""The settings of a translation session: told, changed, refused by name."""

import msgspec
import pytest

from tests.core.translation_sessions import TRANSCRIBED, Running, errors, events, started, types
from vivavoce.core.translation_options import TranslationOptions
from vivavoce.errors import ProtocolError
from vivavoce.interfaces import Translated
from vivavoce.protocol.client_events import TranslationUpdate
from vivavoce.protocol.codec import decode_translation_event
from vivavoce.protocol.server_events import ErrorEvent, SessionCreated, SessionUpdated


def test_the_session_is_greeted_with_its_settings() -> None:
    running = Running(TranslationOptions(languages=("en",)))

    (created,) = events(running.outputs)

    assert isinstance(created, SessionCreated)
    assert msgspec.to_builtins(created.session) == {
        "type": "translation",
        "id": "sess_1",
        "model": "gpt-realtime-translate",
        "expires_at": 4_600,
        "audio": {
            "input": {"transcription": None, "noise_reduction": None},
            "output": {"language": "en"},
        },
    }


def test_a_language_change_holds_from_the_next_utterance_on() -> None:
    running = Running()
    running.say()
    running.say()

    (updated,) = events(running.update({"audio": {"output": {"language": "fr"}}}))
    running.say()
    running.report("utt_1", Translated())
    running.report("utt_2", Translated())

    assert isinstance(updated, SessionUpdated)
    assert [s.request.language for s in started(running.outputs)] == ["en", "en", "fr"]


@pytest.mark.parametrize(
    ("session", "code", "param"),
    [
        ({"audio": {"output": {"language": "fr"}}}, "invalid_value", "output.language"),
        (
            {"audio": {"input": {"transcription": {"model": "other"}}}},
            "invalid_value",
            "input.transcription.model",
        ),
    ],
)
def test_what_cannot_be_enacted_is_refused_by_name(
    session: dict[str, object], code: str, param: str
) -> None:
    running = Running(TranslationOptions(languages=("en",)))

    (error,) = events(running.update(session))

    assert isinstance(error, ErrorEvent)
    assert error.error.code == code
    assert error.error.param == f"session.audio.{param}"
    assert error.error.event_id == "mine"


def test_noise_reduction_is_echoed_with_its_strength() -> None:
    running = Running()

    (updated,) = events(
        running.update({"audio": {"input": {"noise_reduction": {"type": "near_field"}}}})
    )

    assert isinstance(updated, SessionUpdated)
    assert running.rules.noise_reduction is not None
    session = msgspec.to_builtins(updated.session)
    assert session["audio"]["input"]["noise_reduction"]["strength"] == 1.0


def test_the_refusal_of_a_language_lists_those_there_are() -> None:
    running = Running(TranslationOptions(languages=("en",)))

    (error,) = events(running.update({"audio": {"output": {"language": "fr"}}}))

    assert isinstance(error, ErrorEvent)
    assert error.error.message == "Invalid value: 'fr'. Supported values are: 'en'."


def test_any_language_is_accepted_where_the_engines_name_none_if_it_looks_like_one() -> None:
    running = Running()

    assert types(running.update({"audio": {"output": {"language": "zh-Hant"}}})) == [
        "session.updated"
    ]
    assert errors(running.update({"audio": {"output": {"language": "to French"}}})) == [
        "invalid_value"
    ]


@pytest.mark.parametrize("member", ["model", "instructions"])
def test_other_members_cannot_be_updated(member: str) -> None:
    with pytest.raises(ProtocolError) as refused:
        Running().update({member: "x"})

    assert (refused.value.code, refused.value.param) == ("unknown_parameter", f"session.{member}")


def test_settings_bound_to_a_key_hold_from_the_start() -> None:
    update = decode_translation_event(
        msgspec.json.encode({"type": "session.update", "session": TRANSCRIBED})
    )
    assert isinstance(update, TranslationUpdate)

    (created,) = events(Running(TranslationOptions(bound=update.session)).outputs)

    assert isinstance(created, SessionCreated)
    session = msgspec.to_builtins(created.session)
    assert session["audio"]["input"]["transcription"] == {"model": "whisper-1"}
