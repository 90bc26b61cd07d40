"""When a turn is over for semantic_vad: how long a silence ends it, and why.

The sound and the words are asked together. Words that look finished count, because whoever reads
aloud sounds unfinished at the end of half of his sentences; words that break off count, because the
end-of-turn model takes more and more for finished as the silence grows (docs/explanation,
"Turn-taking"); where the words do not tell, the sound does.
Source: protocol reference, "Turn detection" (20-session-config, section 3).
"""

from typing import Literal

from msgspec import Struct, UnsetType

from vivavoce.core.sentence_ends import ending_of
from vivavoce.protocol.audio_settings import SemanticVad

TurnEndReason = Literal[
    "silence",
    "words_and_sound_complete",
    "words_complete",
    "sound_complete",
    "longest_wait",
    "client_commit",
    "client_clear",
    "turn_detection_changed",
    "idle_timeout",
]
"""Why a turn ended. `silence` is server_vad's; the next four are semantic_vad's."""

Eagerness = Literal["low", "medium", "high", "auto"]

FINISHED_PROBABILITY = 0.5
"""Of the end-of-turn model, from which the sound counts as finished."""
JUDGE_AFTER_MS = 160
"""Silence after which the end-of-turn model is asked, once a pause. Later it tells less: from 0 to
500 ms the share of complete sentences that it takes for finished stays at two thirds, while that of
sentences cut off within grows from 0.4 to 0.7."""


class Waits(Struct, frozen=True):
    """The silences, in ms, that end a turn."""

    when_complete_ms: int
    longest_ms: int


WAITS: dict[Eagerness, Waits] = {
    "low": Waits(2_400, 8_000),
    "medium": Waits(1_200, 4_000),
    "high": Waits(600, 2_000),
    "auto": Waits(1_200, 4_000),
}
"""The longest waits are the protocol's, and so is what `medium` waits at least; the other two keep
its proportion. 600 ms is more than any pause between the words of our recordings."""


def waits_of(vad: SemanticVad) -> Waits:
    """Return the waits of effective settings."""
    assert not isinstance(vad.eagerness, UnsetType)  # effective settings have every member
    return WAITS[vad.eagerness]


class TurnEnd(Struct, frozen=True):
    """The silence that ends the turn, as things are now, and the reason it would have."""

    wait_ms: int
    reason: TurnEndReason

    @property
    def is_complete(self) -> bool:
        """Whether the speaker seems to have said everything."""
        return self.reason != "longest_wait"


def turn_end(
    words: str | None, probability: float | None, waits: Waits, *, has_judge: bool
) -> TurnEnd:
    """Return how long to wait in the pause under way.

    Args:
        words: all that was said before the pause; None: not known yet.
        probability: the end-of-turn model's verdict; None: not known yet, or there is no model.
        waits: of the session's eagerness.
        has_judge: whether there is a model.
    """
    reason = _reason(words, probability, has_judge=has_judge)
    is_longest = reason == "longest_wait"
    return TurnEnd(waits.longest_ms if is_longest else waits.when_complete_ms, reason)


def _reason(words: str | None, probability: float | None, *, has_judge: bool) -> TurnEndReason:
    sounds_finished = probability is not None and probability >= FINISHED_PROBABILITY
    ending = ending_of(words or "")
    if ending == "unfinished":
        return "longest_wait"
    if ending == "finished":
        return "words_and_sound_complete" if sounds_finished else "words_complete"
    if sounds_finished:
        return "sound_complete"
    # Without a model there is nothing to wait for but words that were not written down.
    return "words_complete" if words and not has_judge else "longest_wait"
