"""Tells whether the playback can be in the microphone at all.

Callers with headphones, and browsers that cancel echo themselves, send none. A canceller that finds
no echo mistakes the caller for it: the first third of a second of who speaks over an answer is
lost, early in a call all of it. So it is left out once the playback was seen not to come back.
"""

from collections import deque
from itertools import islice

AUDIBLE = 32768.0**2 * 10**-5.0
"""Mean square, 16-bit scale: playback below -50 dB has no echo worth a thought."""

_MEMORY_FRAMES = 40  # the longest echo: 300 ms, and 100 ms of its reverberation
_EDGE_FRAMES = 10
_LOUD = 32768.0**2 * 10**-4.0  # -40 dB: so loud that its echo would stand out
_UNHEARD = 10**-4.0  # 40 dB below the playback; an echo is at most 30 dB below
_CHANCE_SHARE = 0.1
_ACQUITTING_FRAMES, _CONVICTING_FRAMES = 50, 150
# Whoever speaks over an answer stops it within 0.3 s; an echo goes on.
_CONVICTING_SHARE = 100 / 150


class EchoWatch:
    """Belongs to one microphone; takes the powers of frames of 10 ms, mean squares."""

    def __init__(self) -> None:
        self.loudest = 0.0
        """The loudest playback that may come back just now."""
        self._playback: deque[float] = deque([0.0] * _MEMORY_FRAMES, maxlen=_MEMORY_FRAMES)
        self._stood_out: deque[bool] = deque(maxlen=_CONVICTING_FRAMES)
        """Whether what was heard could be an echo, frame by frame of loud playback."""
        self._is_free = False

    def push(self, played: float, heard: float) -> bool:
        """Take what was played and heard at this moment; return whether to look for an echo."""
        self._playback.append(played)
        self.loudest = max(self._playback)
        if self._is_playing_loudly():
            self._stood_out.append(heard > self.loudest * _UNHEARD)
            self._judge()
        return not self._is_free

    def _is_playing_loudly(self) -> bool:
        """Whether it plays now, and did so long enough ago for the echo to be here."""
        newest = islice(reversed(self._playback), _EDGE_FRAMES)
        oldest = islice(self._playback, _EDGE_FRAMES)
        return max(newest) > _LOUD and max(oldest) > _LOUD

    def _judge(self) -> None:
        n_needed = _CONVICTING_FRAMES if self._is_free else _ACQUITTING_FRAMES
        if len(self._stood_out) >= n_needed:
            share = sum(islice(reversed(self._stood_out), n_needed)) / n_needed
            self._is_free = share < (_CONVICTING_SHARE if self._is_free else _CHANCE_SHARE)
