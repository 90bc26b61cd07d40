"""How soon Whisper commits itself to words: the wire's `delay`, in its own terms."""

from msgspec import Struct

from vivavoce.interfaces import Delay


class Pace(Struct, frozen=True, kw_only=True):
    """When a growing turn is recognised, and which words of the answers are settled."""

    first_ms: int
    """Sound before the first run; the 300 ms before speech began are among it."""
    new_speech_ms: int
    """Sound between one run and the next, at least."""
    n_agreeing: int
    """Answers running that must agree on a word."""
    n_unsettled: int
    """Last words of an answer that may still change: half a word, and one that it changes."""


# Over the recordings, each heard from three starts, at 133 ms a run: one unsettled word gives the
# first delta after 0.88 s of speech (the median) and 3.6 % wrong words, two 1.32 s and 3.6 %;
# runs every 300 ms give 0.86 s and 6 %.
USUAL = Pace(first_ms=500, new_speech_ms=400, n_agreeing=2, n_unsettled=1)
PACES: dict[Delay, Pace] = {
    "minimal": Pace(first_ms=500, new_speech_ms=300, n_agreeing=2, n_unsettled=1),
    "low": Pace(first_ms=500, new_speech_ms=350, n_agreeing=2, n_unsettled=1),
    "medium": USUAL,
    "high": Pace(first_ms=700, new_speech_ms=600, n_agreeing=3, n_unsettled=2),
    "xhigh": Pace(first_ms=1_000, new_speech_ms=1_000, n_agreeing=3, n_unsettled=3),
}


def pace_of(delay: Delay | None) -> Pace:
    """Return the pace that a client asked for."""
    return USUAL if delay is None else PACES[delay]
