"""Where a long turn can be cut, so that what was settled need not be heard again."""

from collections.abc import Sequence

import numpy as np

from vivavoce.engines.log_mel import RATE_HZ
from vivavoce.engines.three_to_two import Samples
from vivavoce.engines.transcribers.whisper_orders import Cut

_EARLIEST = 0.5  # of the sound: what is kept is heard again
_LATEST_S = 1.0  # before the end, where words are still unsure
_SEARCH_S = 0.3  # what the alignment may be wrong by
_FRAME_SAMPLES = RATE_HZ // 25


def choose_cut(sound: Samples, starts_s: Sequence[float]) -> Cut | None:
    """Return the quietest place before a word of the second half; None if there is none.

    Args:
        sound: at 16 kHz.
        starts_s: when each word begins; the sound is never cut before the first.
    """
    level = _levels(sound)
    length_s = len(sound) / RATE_HZ
    places = []
    for n_words, start_s in enumerate(starts_s):
        if n_words and _EARLIEST * length_s <= start_s <= length_s - _LATEST_S:
            first = int((start_s - _SEARCH_S) * RATE_HZ) // _FRAME_SAMPLES
            last = int((start_s + _SEARCH_S) * RATE_HZ) // _FRAME_SAMPLES
            frame = first + int(np.argmin(level[first:last]))
            places.append((float(level[frame]), n_words, frame))
    if not places:
        return None
    _, n_words, frame = min(places)
    return Cut(n_words, (frame + 0.5) * _FRAME_SAMPLES / RATE_HZ)


def _levels(sound: Samples) -> Samples:
    """Return the loudness of each 40 ms, heard together with its neighbours."""
    n_frames = len(sound) // _FRAME_SAMPLES
    frames = sound[: n_frames * _FRAME_SAMPLES].reshape(n_frames, _FRAME_SAMPLES)
    power = np.mean(frames**2, axis=1)
    return np.asarray(np.convolve(power, np.ones(3) / 3, mode="same"), np.float32)
