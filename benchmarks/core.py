"""Question: how many inputs a second does `Session.handle` take, on one core, in whole turns?

One turn: three seconds of speech in 32 ms frames with a growing transcript, a pause in which the
answer is prepared, the answer in 100 ms pieces, released and finished. The conversation grows for
`TURNS_PER_SESSION` turns, then a new session begins. Encoding of events is not part of it.
Time is the thread's own on its core, so that other programs don't count.
"""

from collections.abc import Iterator
from statistics import median
from time import thread_time

from benchmarks.report import spread, write
from vivavoce.core.inputs import (
    AudioHeard,
    Input,
    ResponseProgress,
    SessionOpened,
    TranscriptionProgress,
)
from vivavoce.core.options import SessionOptions
from vivavoce.core.outputs import Output, StartResponse, StartTranscription
from vivavoce.core.session import Session
from vivavoce.ids import counting_ids
from vivavoce.interfaces import AudioDelta, Finished, TextDelta, Transcript, TranscriptSoFar

RUNS = 20
TURNS_PER_SESSION = 10
SPEECH_FRAMES = 94
SILENCE_FRAMES = 16
ANSWER_PIECES = 40
FRAME = bytes(1536)
PIECE = bytes(4800)


async def run() -> None:
    """Measure, and store the figures."""
    one_session()  # warm up
    runs = [one_session() for _ in range(RUNS)]
    us_per_input = [seconds * 1e6 / n_inputs for n_inputs, seconds, _ in runs]
    settings: dict[str, object] = {
        "runs": RUNS,
        "turns_per_session": TURNS_PER_SESSION,
        "inputs_per_session": runs[0][0],
    }
    figures: dict[str, object] = {
        "inputs_per_s": round(1e6 / median(us_per_input)),
        "us_per_input": spread(us_per_input),
        "slowest_input_us": spread([slowest * 1e6 for _, _, slowest in runs]),
    }
    write("core", settings, figures)


def one_session() -> tuple[int, float, float]:
    """Return the inputs of one session, the seconds they took, and the slowest of them."""
    session = Session(SessionOptions(), new_id=counting_ids())
    script = Script()
    durations: list[float] = []
    for now, item in script.inputs():
        started = thread_time()
        outputs = session.handle(item, now)
        durations.append(thread_time() - started)
        script.took(outputs)
    return len(durations), sum(durations), max(durations)


class Script:
    """The user, the transcriber and the responder of the benchmark."""

    def __init__(self) -> None:
        self._now = 0.0
        self._item_id = ""
        self._job_id = ""

    def took(self, outputs: list[Output]) -> None:
        """Remember the ids that reports need."""
        for output in outputs:
            if isinstance(output, StartTranscription):
                self._item_id = output.item_id
            elif isinstance(output, StartResponse):
                self._job_id = output.request.response_id

    def inputs(self) -> Iterator[tuple[float, Input]]:
        """Yield the inputs of one session with their times."""
        yield self._now, SessionOpened(1_000)
        for _ in range(TURNS_PER_SESSION):
            yield from self._turn()

    def _turn(self) -> Iterator[tuple[float, Input]]:
        for frame in range(SPEECH_FRAMES):
            yield self._heard(0.9)
            if frame % 16 == 15:
                so_far = TranscriptSoFar("hello there " * (frame // 16))
                yield self._now, TranscriptionProgress(self._item_id, so_far)
        yield self._heard(0.0)
        words = TranscriptSoFar("Hello there, how are you", covers_pause=True)
        yield self._now, TranscriptionProgress(self._item_id, words)
        for _ in range(SILENCE_FRAMES - 1):
            yield self._heard(0.0)
        transcript = Transcript("Hello there, how are you?")
        yield self._now, TranscriptionProgress(self._item_id, transcript)
        for piece in range(ANSWER_PIECES):
            if piece % 10 == 0:
                yield self._now, ResponseProgress(self._job_id, TextDelta("I am fine. "))
            yield self._now, ResponseProgress(self._job_id, AudioDelta(PIECE))
        yield self._now, ResponseProgress(self._job_id, Finished())

    def _heard(self, probability: float) -> tuple[float, Input]:
        self._now += 0.032
        return self._now, AudioHeard(FRAME, (probability,))
