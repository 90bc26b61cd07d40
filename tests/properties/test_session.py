"""No sequence of inputs, valid or not, breaks the contract of `Session`."""

import json

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.properties.client_choices import (
    Json,
    buffer_events,
    item_events,
    response_events,
    session_updates,
)
from tests.properties.contract import Contract
from tests.sdk_types import check_server_event
from vivavoce.core.inputs import (
    AudioHeard,
    ClientSent,
    Input,
    KeyHeard,
    ResponseFailed,
    ResponseProgress,
    SessionOpened,
    Tick,
    TokensCounted,
    TranscriptionFailed,
    TranscriptionProgress,
    TurnJudged,
)
from vivavoce.core.options import SessionOptions
from vivavoce.core.outputs import JudgeTurn, Output, Send
from vivavoce.core.session import Session
from vivavoce.errors import ProtocolError
from vivavoce.ids import counting_ids
from vivavoce.interfaces import (
    AudioDelta,
    Finished,
    MalformedEvent,
    ResponseEvent,
    TextDelta,
    TokenLogprob,
    ToolCallDelta,
    ToolCallFinished,
    ToolCallStarted,
    Transcript,
    TranscriptDelta,
    TranscriptionEvent,
    TranscriptSoFar,
)
from vivavoce.protocol.codec import decode_client_event

RESPONSE_EVENTS: tuple[ResponseEvent, ...] = (
    TextDelta("Hi "),
    TextDelta("there. ", n_tokens=2),
    TextDelta(""),
    AudioDelta(bytes(4800)),
    AudioDelta(b""),
    ToolCallStarted("f"),
    ToolCallDelta('{"a": '),
    ToolCallDelta("1}"),
    ToolCallFinished(),
)
ENDS = (
    Finished(),
    Finished(input_tokens=100, cached_tokens=64),
    Finished(reason="max_output_tokens"),
    Finished(reason="content_filter"),
)
TRANSCRIPTION_EVENTS: tuple[TranscriptionEvent, ...] = (
    TranscriptDelta("Hello "),
    TranscriptSoFar("Hello the"),
    TranscriptSoFar("Hello there", covers_pause=True),
    TranscriptSoFar(" ", covers_pause=True),
    Transcript("Hello there."),
    Transcript("Hello there.", logprobs=(TokenLogprob("Hello", -0.1),)),
    Transcript("Goodbye."),
    Transcript(""),
)
PARAMS: tuple[Json, ...] = ({}, {"conversation": "none"}, {"output_modalities": ["text"]})
OPTIONS = st.builds(
    SessionOptions,
    voices=st.sampled_from([(), ("alloy", "marin")]),
    window_tokens=st.sampled_from([8192, 60, None]),
    pause_after_ms=st.sampled_from([32, 96]),
    prepare_after_ms=st.sampled_from([None, 0, 64, 128]),
    judges_turns=st.booleans(),
    extensions=st.booleans(),
    dtmf_to_conversation=st.booleans(),
    instructions=st.sampled_from(["", "Be brief."]),
)
SOUND_MS = st.sampled_from([32, 96, 320, 640])
INDEX = st.integers(0, 9)


class AnySession(RuleBasedStateMachine):
    """A session that everything happens to, in any order."""

    @initialize(options=OPTIONS)
    def open(self, options: SessionOptions) -> None:
        self.options = options
        self.session = Session(options, new_id=counting_ids())
        self.contract = Contract()
        self.now = 0.0
        self.log: list[tuple[float, Input]] = []
        self.outputs: list[list[Output]] = []
        self.judged: list[JudgeTurn] = []
        self.tell(SessionOpened(1_000))

    def send(self, event: Json) -> None:
        try:
            item: Input = ClientSent(decode_client_event(json.dumps(event)))
        except ProtocolError as error:
            item = MalformedEvent(error.message, error.code, error.param, "e_1")
        self.tell(item)

    def tell(self, item: Input) -> None:
        self.log.append((self.now, item))
        outputs = self.session.handle(item, self.now)
        self.outputs.append(outputs)
        self.contract.took(item, outputs)
        for output in outputs:
            if isinstance(output, Send):
                check_server_event(output.event)
            elif isinstance(output, JudgeTurn):
                self.judged.append(output)

    # --- what happens ---

    @rule(ms=SOUND_MS, is_speech=st.booleans())
    def sound(self, ms: int, is_speech: bool) -> None:
        self.hear(ms, 0.9 if is_speech else 0.0)

    @rule(ms=SOUND_MS, silence_ms=SOUND_MS)
    def utterance(self, ms: int, silence_ms: int) -> None:
        self.hear(ms, 0.9)
        self.hear(silence_ms, 0.0)

    @rule(n_samples=st.integers(1, 700))
    def part_of_a_frame(self, n_samples: int) -> None:
        self.tell(AudioHeard(bytes(2 * n_samples)))

    @rule(keys=st.text("0123456789*#ABCD", min_size=1, max_size=4))
    def caller_presses_keys(self, keys: str) -> None:
        for key in keys:
            self.tell(KeyHeard(key, 1_000))

    @rule(event=buffer_events())
    def client_commits_or_clears(self, event: Json) -> None:
        self.send(event)

    @rule(event=session_updates())
    def client_updates_the_session(self, event: Json) -> None:
        self.send(event)

    @rule(data=st.data())
    def client_touches_items(self, data: st.DataObject) -> None:
        self.send(data.draw(item_events(self.contract.items.order[-4:])))

    @rule(data=st.data())
    def client_asks_for_responses(self, data: st.DataObject) -> None:
        items, responses = self.contract.items.order[-4:], list(self.contract.responses)[-2:]
        self.send(data.draw(response_events(items, responses)))

    @rule()
    def a_whole_turn(self) -> None:
        self.hear(320, 0.9)
        self.hear(640, 0.0)

    @rule()
    def a_whole_turn_with_words(self) -> None:
        self.hear(320, 0.9)
        self.hear(192, 0.0)
        for key in sorted(self.contract.transcriptions.running):
            self.tell(TranscriptionProgress(key, TranscriptSoFar("Hello there", covers_pause=True)))
        self.hear(448, 0.0)

    @rule(index=INDEX, events=st.lists(st.sampled_from(RESPONSE_EVENTS), min_size=1, max_size=4))
    def responder_reports(self, index: int, events: list[ResponseEvent]) -> None:
        for event in events:
            self.tell(ResponseProgress(self.job(index), event))

    @rule(params=st.sampled_from(PARAMS), event=st.sampled_from(RESPONSE_EVENTS))
    def client_is_answered(self, params: Json, event: ResponseEvent) -> None:
        self.send({"type": "response.create", "response": params})
        for job_id in sorted(self.contract.jobs.asked_for):
            self.tell(ResponseProgress(job_id, event))

    @rule(index=INDEX, end=st.sampled_from(ENDS))
    def responder_finishes(self, index: int, end: Finished) -> None:
        self.tell(ResponseProgress(self.job(index), end))

    @rule(index=INDEX)
    def responder_fails(self, index: int) -> None:
        self.tell(ResponseFailed(self.job(index), "It broke.", "engine_error"))

    @rule(index=INDEX, event=st.sampled_from(TRANSCRIPTION_EVENTS))
    def transcriber_reports(self, index: int, event: TranscriptionEvent) -> None:
        self.tell(TranscriptionProgress(self.transcription(index), event))

    @rule(index=INDEX)
    def transcriber_fails(self, index: int) -> None:
        self.tell(TranscriptionFailed(self.transcription(index), "It broke.", "engine_error"))

    @rule(index=INDEX, probability=st.sampled_from([0.1, 0.9]))
    def turn_is_judged(self, index: int, probability: float) -> None:
        asked = self.judged[-1 - index :][:1]
        item_id, pause_ms = (asked[0].item_id, asked[0].pause_ms) if asked else ("item_1", 0)
        self.tell(TurnJudged(item_id, pause_ms, probability))

    @rule(index=INDEX, n_tokens=st.sampled_from([0, 3, 50]))
    def tokens_are_counted(self, index: int, n_tokens: int) -> None:
        subjects = ["instructions", *self.contract.items.order, "nothing"]
        self.tell(TokensCounted(subjects[index % len(subjects)], n_tokens))

    @rule(seconds=st.sampled_from([0.1, 1.0, 8.0, 4000.0]))
    def time_passes(self, seconds: float) -> None:
        until = self.now + seconds
        while (deadline := self.session.next_deadline) is not None and deadline <= until:
            self.now = max(self.now, deadline)
            self.tell(Tick())
            assert self.session.next_deadline != deadline, "it is woken for ever"
        self.now = until

    @rule()
    def tick_out_of_time(self) -> None:
        self.tell(Tick())

    # --- what must hold in the end ---

    def teardown(self) -> None:
        if not hasattr(self, "session") or len(self.outputs) < len(self.log):
            return  # it raised: what follows would only hide that
        for key in sorted(self.contract.transcriptions.running):
            self.tell(TranscriptionProgress(key, Transcript("The end.")))
        self.send({"type": "input_audio_buffer.clear"})
        for job_id in sorted(self.contract.jobs.running):
            self.tell(ResponseProgress(job_id, Finished()))
        assert not self.contract.in_progress, "a response never ended"
        assert not self.contract.jobs.running, "a job never ended"
        assert not self.contract.transcriptions.running, "a transcription never ended"
        assert not self.contract.items.open, "an item was never done"
        self.replay()

    def replay(self) -> None:
        recording = msgspec.json.encode(self.log)
        log = msgspec.json.decode(recording, type=list[tuple[float, Input]])
        session = Session(self.options, new_id=counting_ids())
        assert [session.handle(item, now) for now, item in log] == self.outputs

    # --- choices ---

    def hear(self, ms: int, probability: float) -> None:
        for _ in range(ms // 32):
            self.now = round(self.now + 0.032, 3)
            self.tell(AudioHeard(bytes(1536), (probability,)))

    def job(self, index: int) -> str:
        return choose(self.contract.jobs.running, self.contract.jobs.ever, index)

    def transcription(self, index: int) -> str:
        known = self.contract.transcriptions
        return choose(known.running, known.ever, index)


def choose(running: set[str], ever: set[str], index: int) -> str:
    """Choose what runs for most numbers, for the others what is over or never was."""
    keys = sorted(running) if running and index < 7 else [*sorted(ever), "never"]
    return keys[index % len(keys)]


TestAnySession = AnySession.TestCase
TestAnySession.settings = settings(
    derandomize=True, max_examples=100, stateful_step_count=50, deadline=None, database=None
)
