"""The rules of a translation session, from outside."""

from collections.abc import Iterable

import msgspec
import pytest

from tests.sdk_types import check_server_event
from vivavoce.core.inputs import (
    AudioHeard,
    Input,
    SessionOpened,
    Tick,
    TranscriptionFailed,
    TranscriptionProgress,
    TranslationClientSent,
    TranslationFailed,
    TranslationProgress,
)
from vivavoce.core.interpreting import FRAME_BYTES
from vivavoce.core.outputs import (
    Close,
    EndTranscription,
    FeedTranscription,
    Output,
    PauseTranscription,
    ResumeTranscription,
    Send,
    StartTranscription,
    StartTranslation,
)
from vivavoce.core.translation import TranslationRules
from vivavoce.core.translation_options import TranslationOptions
from vivavoce.errors import ProtocolError
from vivavoce.ids import counting_ids
from vivavoce.interfaces import (
    FRAME_MS,
    AudioDelta,
    MalformedEvent,
    TextDelta,
    Transcript,
    TranscriptDelta,
    Translated,
    TranslatedText,
    TranslationEvent,
)
from vivavoce.media.pcm import BYTES_PER_MS
from vivavoce.protocol.client_events import SessionClose, TranslationUpdate
from vivavoce.protocol.codec import decode_translation_event
from vivavoce.protocol.server_events import (
    ErrorEvent,
    ServerEvent,
    SessionCreated,
    SessionUpdated,
)

TRANSCRIBED: dict[str, object] = {"audio": {"input": {"transcription": {"model": "whisper-1"}}}}


class Running:
    """A session under test; what it asked for is kept."""

    def __init__(self, options: TranslationOptions | None = None) -> None:
        self.rules = TranslationRules(options or TranslationOptions(), new_id=counting_ids())
        self.outputs: list[Output] = []
        self.now = 0.0
        self.tell(SessionOpened(wall_s=1_000))

    def tell(self, item: Input) -> list[Output]:
        outputs = self.rules.handle(item, self.now)
        for output in outputs:
            if isinstance(output, Send):
                check_server_event(output.event)
        self.outputs += outputs
        return outputs

    def hear(self, probability: float, ms: int) -> list[Output]:
        outputs: list[Output] = []
        for _ in range(ms // FRAME_MS):
            audio = AudioHeard(bytes(FRAME_MS * BYTES_PER_MS), (probability,))
            outputs += self.tell(audio)
        return outputs

    def say(self, ms: int = 960) -> list[Output]:
        """Speak, and fall silent for long enough to end the utterance."""
        return [*self.hear(0.9, ms), *self.hear(0.0, 512)]

    def send(self, event: dict[str, object]) -> list[Output]:
        decoded = decode_translation_event(msgspec.json.encode(event))
        assert isinstance(decoded, TranslationUpdate | SessionClose)
        return self.tell(TranslationClientSent(decoded))

    def update(self, session: dict[str, object]) -> list[Output]:
        return self.send({"type": "session.update", "session": session, "event_id": "mine"})

    def close(self) -> list[Output]:
        return self.send({"type": "session.close"})

    def report(self, utterance_id: str, *events: TranslationEvent) -> list[Output]:
        return [
            output
            for event in events
            for output in self.tell(TranslationProgress(utterance_id, event))
        ]

    def transcribe(self, utterance_id: str, text: str) -> list[Output]:
        return self.tell(TranscriptionProgress(utterance_id, Transcript(text)))


def events(outputs: Iterable[Output]) -> list[ServerEvent]:
    return [output.event for output in outputs if isinstance(output, Send)]


def types(outputs: Iterable[Output]) -> list[str]:
    return [
        str(type(output.event).__struct_config__.tag)
        if isinstance(output, Send)
        else type(output).__name__
        for output in outputs
    ]


def deltas(outputs: Iterable[Output], kind: str) -> str:
    return "".join(
        getattr(event, "delta", "")
        for event in events(outputs)
        if type(event).__struct_config__.tag == f"session.{kind}_transcript.delta"
    )


def errors(outputs: Iterable[Output]) -> list[str | None]:
    return [event.error.code for event in events(outputs) if isinstance(event, ErrorEvent)]


def started(outputs: Iterable[Output]) -> list[StartTranslation]:
    return [output for output in outputs if isinstance(output, StartTranslation)]


def lengths_ms(running: Running) -> list[int]:
    return [len(one.request.audio) // BYTES_PER_MS for one in started(running.outputs)]


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


def test_an_utterance_is_translated_when_it_is_over() -> None:
    running = Running()

    running.hear(0.0, 1_024)
    assert started(running.hear(0.9, 960)) == []
    (order,) = started(running.hear(0.0, 512))

    assert order.request.language == "en"
    assert lengths_ms(running) == [300 + 960 + 512]  # with the padding before it


def test_text_and_whole_frames_of_sound_go_out() -> None:
    running = Running()
    running.say()

    outputs = running.report(
        "utt_1",
        TextDelta("Good morning. "),
        AudioDelta(bytes(FRAME_BYTES + 2)),
        TextDelta("How are you?"),
        AudioDelta(bytes(FRAME_BYTES)),
        Translated("de"),
    )

    assert types(outputs) == [
        "session.output_transcript.delta",
        "session.output_audio.delta",
        "session.output_transcript.delta",
        "session.output_audio.delta",
        "session.output_audio.delta",
    ]
    sizes = {len(getattr(e, "delta", "")) for e in events(outputs) if "Audio" in type(e).__name__}
    assert sizes == {FRAME_BYTES}
    assert {getattr(event, "elapsed_ms", None) for event in events(outputs)} == {1_400}


def test_sentences_are_joined_with_a_space_where_the_script_has_one() -> None:
    running = Running()
    for number, text in enumerate(("Hello.", " World.", "你好。", "再见。"), 1):
        running.say()
        running.report(f"utt_{number}", TextDelta(text), Translated())

    assert deltas(running.outputs, "output") == "Hello. World. 你好。再见。"


def test_the_next_utterance_waits_until_the_one_before_was_said() -> None:
    running = Running()
    running.say()

    assert started(running.say()) == []
    (order,) = started(running.report("utt_1", Translated("de")))

    assert order.utterance_id == "utt_2"
    assert order.request.likely_language == "de"


def test_nothing_is_transcribed_unless_somebody_asks() -> None:
    running = Running()

    running.say()

    assert not any(isinstance(output, StartTranscription) for output in running.outputs)


def test_the_source_is_transcribed_when_the_client_asks_for_it() -> None:
    running = Running()
    running.update(TRANSCRIBED)

    heard = running.say()
    running.tell(TranscriptionProgress("utt_1", TranscriptDelta("Guten")))
    running.transcribe("utt_1", "Guten Morgen.")

    (start,) = [output for output in heard if isinstance(output, StartTranscription)]
    assert start.hints.model == "whisper-1"
    fed = [output.data for output in heard if isinstance(output, FeedTranscription)]
    assert sum(map(len, fed)) == len(started(heard)[0].request.audio)
    assert any(isinstance(output, PauseTranscription) for output in heard)
    assert EndTranscription("utt_1") in heard
    assert deltas(running.outputs, "input") == "Guten Morgen."


def test_the_transcriber_is_told_when_the_speaker_goes_on() -> None:
    running = Running()
    running.update(TRANSCRIBED)

    outputs = [*running.hear(0.9, 640), *running.hear(0.0, 192), *running.hear(0.9, 64)]

    told = [type(o) for o in outputs if isinstance(o, PauseTranscription | ResumeTranscription)]
    assert told == [PauseTranscription, ResumeTranscription]


def test_words_come_in_the_order_in_which_they_were_spoken() -> None:
    running = Running()
    running.update(TRANSCRIBED)
    running.say()
    running.say()

    assert deltas(running.transcribe("utt_2", "Zwei."), "input") == ""
    assert deltas(running.transcribe("utt_1", "Eins."), "input") == "Eins. Zwei."


def test_a_translator_of_texts_is_given_the_transcript_and_what_was_said_before() -> None:
    running = Running(TranslationOptions(needs_transcript=True))

    assert started(running.say()) == []
    (first,) = started(running.transcribe("utt_1", "Guten Morgen."))
    running.report("utt_1", TextDelta("Good morning."), Translated())
    running.say()
    (second,) = started(running.transcribe("utt_2", "Danke."))

    assert (first.request.text, first.request.audio) == ("Guten Morgen.", b"")
    assert second.request.earlier == (TranslatedText("Guten Morgen.", "Good morning."),)
    assert deltas(running.outputs, "input") == ""  # the client did not ask


def test_noise_is_not_translated() -> None:
    running = Running(TranslationOptions(needs_transcript=True))
    running.say()

    assert started(running.transcribe("utt_1", "")) == []
    assert types(running.close())[-2:] == ["session.closed", "Close"]


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


def test_a_failed_translation_costs_one_utterance_and_an_error() -> None:
    running = Running()
    running.say()
    running.say()

    outputs = running.tell(TranslationFailed("utt_1", "It broke.", "engine_error"))

    assert errors(outputs) == ["engine_error"]
    assert [order.utterance_id for order in started(outputs)] == ["utt_2"]


def test_a_needed_transcript_that_fails_costs_one_utterance_and_an_error() -> None:
    running = Running(TranslationOptions(needs_transcript=True))
    running.say()
    running.say()
    running.transcribe("utt_2", "Zwei.")

    outputs = running.tell(TranscriptionFailed("utt_1", "It broke.", "engine_error"))

    assert errors(outputs) == ["engine_error"]
    assert [order.utterance_id for order in started(outputs)] == ["utt_2"]


def test_a_transcript_that_fails_while_somebody_speaks_costs_this_utterance_alone() -> None:
    running = Running(TranslationOptions(needs_transcript=True))
    running.hear(0.9, 640)

    running.tell(TranscriptionFailed("utt_1", "It broke.", "engine_error"))
    running.hear(0.0, 512)
    running.say()

    assert [order.utterance_id for order in started(running.transcribe("utt_2", "Zwei."))] == [
        "utt_2"
    ]


def test_a_lost_transcript_costs_no_translation_of_what_was_heard() -> None:
    running = Running()
    running.update(TRANSCRIBED)
    running.hear(0.9, 640)

    outputs = running.tell(TranscriptionFailed("utt_1", "It broke.", "engine_error"))
    (order,) = started(running.hear(0.0, 512))

    assert errors(outputs) == ["engine_error"]
    assert order.utterance_id == "utt_1"


def test_what_comes_late_of_a_failed_utterance_is_dropped() -> None:
    running = Running()
    running.say()
    running.tell(TranslationFailed("utt_1", "It stalled.", "engine_stalled"))

    assert running.report("utt_1", TextDelta("Hello."), Translated()) == []


def test_a_long_utterance_ends_at_a_breath_and_a_very_long_one_anywhere() -> None:
    running = Running()

    running.hear(0.9, 8_992)
    running.hear(0.0, 224)
    running.hear(0.9, 15_008)
    running.hear(0.0, 64)
    running.hear(0.9, 40_000)
    running.report("utt_1", Translated())
    running.report("utt_2", Translated())
    running.report("utt_3", Translated())

    assert [round(length, -3) for length in lengths_ms(running)] == [9_000, 15_000, 20_000, 20_000]


def test_no_sound_is_lost_where_an_utterance_is_cut() -> None:
    running = Running()

    running.hear(0.9, 50_016)
    running.close()
    for number in range(1, 4):
        running.report(f"utt_{number}", Translated())

    assert sum(lengths_ms(running)) == 50_016


def test_what_waits_for_too_long_is_given_up() -> None:
    running = Running()

    for _ in range(5):
        running.hear(0.9, 19_008)
        running.hear(0.0, 512)

    assert "translation_behind" in errors(running.outputs)
    (order,) = started(running.report("utt_1", Translated()))
    assert order.utterance_id == "utt_3"


def test_closing_translates_what_is_pending_first() -> None:
    running = Running()
    running.update(TRANSCRIBED)
    running.hear(0.9, 960)

    closing = running.close()
    said = running.report("utt_1", TextDelta("Bye."), AudioDelta(bytes(2)), Translated())
    last = running.transcribe("utt_1", "Tschüss.")

    assert [order.utterance_id for order in started(closing)] == ["utt_1"]
    assert types(said) == ["session.output_transcript.delta", "session.output_audio.delta"]
    assert types(last) == ["session.input_transcript.delta", "session.closed", "Close"]
    assert last[-1] == Close(1000, "")


def test_a_silent_session_closes_at_once() -> None:
    assert types(Running().close()) == ["session.closed", "Close"]


def test_nothing_is_taken_in_while_the_session_closes() -> None:
    running = Running()
    running.say()
    running.close()

    assert running.hear(0.9, 960) == []
    assert errors(running.update({})) == ["invalid_event"]


def test_nothing_is_sent_after_the_end() -> None:
    running = Running()
    running.close()

    assert running.update({}) == []
    assert running.rules.next_deadline is None


def test_the_session_expires() -> None:
    running = Running()
    assert running.rules.next_deadline == 3_600

    running.now = 3_600
    outputs = running.tell(Tick())

    assert errors(outputs) == ["session_expired"]
    assert isinstance(outputs[-1], Close)
    assert outputs[-1].code == 1001


def test_a_malformed_event_gets_an_error() -> None:
    outputs = Running().tell(MalformedEvent("No.", "invalid_json", None, "mine"))

    assert errors(outputs) == ["invalid_json"]
