"""Whatever happens in a translation session, in whatever order, it keeps its promises."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sdk_types import check_server_event
from vivavoce.core.inputs import (
    AudioHeard,
    Input,
    SessionOpened,
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
    Send,
    StartTranscription,
    StartTranslation,
)
from vivavoce.core.translation import TranslationRules
from vivavoce.core.translation_options import TranslationOptions
from vivavoce.ids import counting_ids
from vivavoce.interfaces import (
    FRAME_MS,
    AudioDelta,
    MalformedEvent,
    TextDelta,
    Transcript,
    TranscriptDelta,
    Translated,
)
from vivavoce.media.pcm import BYTES_PER_MS
from vivavoce.protocol.client_events import SessionClose, TranslationUpdate
from vivavoce.protocol.server_events import SessionClosed, SessionOutputAudioDelta
from vivavoce.protocol.session import (
    TranslationAudioUpdate,
    TranslationInputUpdate,
    TranslationSessionUpdate,
    TranslationTranscription,
)

FRAME = bytes(FRAME_MS * BYTES_PER_MS)
utterances = st.integers(1, 6).map("utt_{}".format)
words = st.sampled_from(["", " ", "Hello.", " World", "你好。", " \n"])
stretches = st.tuples(st.sampled_from([0.0, 0.9]), st.integers(1, 300)).map(
    lambda stretch: [AudioHeard(FRAME, (stretch[0],))] * stretch[1]
)
transcriptions = st.sampled_from([None, TranslationTranscription(model="whisper-1")]).map(
    lambda asked: TranslationClientSent(
        TranslationUpdate(
            session=TranslationSessionUpdate(
                audio=TranslationAudioUpdate(input=TranslationInputUpdate(transcription=asked))
            )
        )
    )
)
reports = st.one_of(
    transcriptions,
    st.builds(TranscriptionProgress, utterances, words.map(TranscriptDelta)),
    st.builds(TranscriptionProgress, utterances, words.map(Transcript)),
    st.builds(TranscriptionFailed, utterances, st.just("No."), st.just("engine_error")),
    st.builds(TranslationProgress, utterances, words.map(TextDelta)),
    st.builds(
        TranslationProgress, utterances, st.integers(0, 20_000).map(lambda n: AudioDelta(bytes(n)))
    ),
    st.builds(TranslationProgress, utterances, st.just(Translated())),
    st.builds(TranslationFailed, utterances, st.just("No."), st.just("engine_error")),
    st.builds(MalformedEvent, st.just("No."), st.none(), st.none()),
)
scenarios = st.lists(st.one_of(stretches, reports.map(lambda report: [report])), max_size=30)


class Watched:
    """A session with engines that keep their contract at the end."""

    def __init__(self, *, needs_transcript: bool) -> None:
        options = TranslationOptions(needs_transcript=needs_transcript)
        self.rules = TranslationRules(options, new_id=counting_ids())
        self.outputs: list[Output] = []

    def tell(self, item: Input) -> None:
        outputs = self.rules.handle(item, 0.0)
        assert not outputs or not self.has_ended, "nothing follows the end"
        for output in outputs:
            if isinstance(output, Send):
                check_server_event(output.event)
        self.outputs += outputs

    @property
    def has_ended(self) -> bool:
        return bool(self.outputs) and isinstance(self.outputs[-1], Close)

    def finish_all(self) -> None:
        """Let every engine report its end, until nothing is asked of them any more."""
        n_done = 0
        while n_done < len(self.outputs):
            output = self.outputs[n_done]
            n_done += 1
            if isinstance(output, StartTranscription):
                self.tell(TranscriptionProgress(output.item_id, Transcript("Ja.")))
            elif isinstance(output, StartTranslation):
                self.tell(TranslationProgress(output.utterance_id, Translated()))


@settings(max_examples=150, deadline=None)
@given(scenarios, st.booleans())
def test_every_session_ends_when_it_is_told_to_and_its_engines_are_done(
    scenario: list[list[Input]], needs_transcript: bool
) -> None:
    session = Watched(needs_transcript=needs_transcript)
    session.tell(SessionOpened(wall_s=0))

    for items in scenario:
        for item in items:
            session.tell(item)
    session.tell(TranslationClientSent(SessionClose()))
    session.finish_all()

    assert session.has_ended
    sent = [output.event for output in session.outputs if isinstance(output, Send)]
    assert sum(isinstance(event, SessionClosed) for event in sent) == 1
    assert len({event.event_id for event in sent}) == len(sent)
    assert {len(e.delta) for e in sent if isinstance(e, SessionOutputAudioDelta)} <= {FRAME_BYTES}
    once = Counter(
        (type(output), getattr(output, "item_id", getattr(output, "utterance_id", "")))
        for output in session.outputs
        if isinstance(output, StartTranscription | EndTranscription | StartTranslation)
    )
    assert not once or max(once.values()) == 1
    begun = {o.item_id for o in session.outputs if isinstance(o, StartTranscription)}
    assert {o.item_id for o in session.outputs if isinstance(o, FeedTranscription)} <= begun
