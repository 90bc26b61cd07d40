"""Opus at 24 kHz mono through libopus: PyAV's own path knows no concealment and no forward errors.

Every wheel of PyAV carries libopus; else the system's is taken. Where there is none, Opus is not
offered. Source: RFC 6716, RFC 7587; opus.h.
"""

import ctypes
import ctypes.util
from functools import cache
from pathlib import Path

import av

RATE_HZ = 24_000
BITRATE = 32_000  # transparent for one voice at 24 kHz
COMPLEXITY = 5  # 0.8 % of a core; 10 takes 1.0 to 1.5 % for a difference nobody hears at 32 kbit/s
EXPECTED_LOSS_PERCENT = 5  # at 0 no forward error correction is written

_VOIP = 2048
_SET_BITRATE = 4002
_SET_COMPLEXITY = 4010
_SET_INBAND_FEC = 4012
_SET_PACKET_LOSS = 4014
_MAX_MS = 120
_MAX_PACKET_BYTES = 1276
_STEP = RATE_HZ // 400  # 2.5 ms: concealment comes in multiples of it


@cache
def find_libopus() -> ctypes.CDLL | None:
    """Return the library, the one inside PyAV first; None: there is none."""
    package = Path(av.__file__).parent
    for folder in (package.parent / "av.libs", package / ".dylibs", package):
        for path in sorted(folder.glob("*opus[-.]*")):
            if (library := _load(str(path))) is not None:
                return library
    name = ctypes.util.find_library("opus")
    return None if name is None else _load(name)


def has_opus() -> bool:
    """Return whether Opus can be spoken on this machine."""
    return find_libopus() is not None


def opus_samples(payload: bytes) -> int:
    """Return how many samples a packet holds at 24 kHz; 0: it is damaged."""
    if not payload:
        return 0
    n: int = _library().opus_packet_get_nb_samples(payload, len(payload), RATE_HZ)
    return n if 0 < n <= RATE_HZ * _MAX_MS // 1000 else 0


class OpusDecoder:
    """One stream of Opus packets as 24 kHz 16-bit mono; every packet may have another length."""

    rate_hz = RATE_HZ

    def __init__(self) -> None:
        self._library = _library()
        self._state = _state(self._library, "decoder")
        self._samples = ctypes.create_string_buffer(RATE_HZ * _MAX_MS // 1000 * 2)

    def decode(self, payload: bytes) -> bytes:
        """Return the sound of a packet; a damaged one is concealed."""
        n = opus_samples(payload)
        return self._decoded(payload, n, 0) if n else self.conceal(RATE_HZ // 50, None)

    def conceal(self, n_samples: int, following: bytes | None) -> bytes:
        """Return sound in place of lost packets.

        Args:
            n_samples: how much was lost.
            following: the packet right behind what was lost, if it came: it may hold a copy.
        """
        n_copied = opus_samples(following) if following else 0
        n_copied = n_copied if n_copied <= n_samples else 0
        sound = self._invented(n_samples - n_copied)
        if n_copied and following is not None:
            sound += self._decoded(following, n_copied, 1)
        return sound

    def _invented(self, n_samples: int) -> bytes:
        sound = b""
        while (n_left := n_samples - len(sound) // 2) >= _STEP:
            n = min(n_left // _STEP * _STEP, RATE_HZ // 50)
            sound += self._decoded(None, n, 0)
        return sound.ljust(2 * n_samples, b"\0")

    def _decoded(self, payload: bytes | None, n_samples: int, use_copy: int) -> bytes:
        n = self._library.opus_decode(
            self._state, payload, len(payload or b""), self._samples, n_samples, use_copy
        )
        return ctypes.string_at(self._samples, 2 * n) if n > 0 else bytes(2 * n_samples)


class OpusEncoder:
    """One stream of 24 kHz 16-bit mono as Opus packets."""

    rate_hz = RATE_HZ

    def __init__(self, bitrate: int = BITRATE, is_redundant: bool = True) -> None:
        """Begin a stream.

        Args:
            bitrate: bits a second.
            is_redundant: whether packets carry a coarse copy of the one before (`useinbandfec`).
        """
        self._library = _library()
        self._state = _state(self._library, "encoder", ctypes.c_int(_VOIP))
        self._packet = ctypes.create_string_buffer(_MAX_PACKET_BYTES)
        for request, value in (
            (_SET_BITRATE, bitrate),
            (_SET_COMPLEXITY, COMPLEXITY),
            (_SET_INBAND_FEC, int(is_redundant)),
            (_SET_PACKET_LOSS, EXPECTED_LOSS_PERCENT if is_redundant else 0),
        ):
            # Variadic: the arguments' types have to be spelled out.
            self._library.opus_encoder_ctl(
                self._state, ctypes.c_int(request), ctypes.c_int32(value)
            )

    def encode(self, pcm: bytes) -> bytes:
        """Return the packet of 10, 20, 40 or 60 ms of sound."""
        n = self._library.opus_encode(
            self._state, pcm, len(pcm) // 2, self._packet, _MAX_PACKET_BYTES
        )
        return ctypes.string_at(self._packet, max(n, 0))


def _load(name: str) -> ctypes.CDLL | None:
    try:
        library = ctypes.CDLL(name)
        for function, result, arguments in _SIGNATURES:
            found = getattr(library, function)
            found.restype = result
            found.argtypes = arguments
    except (OSError, AttributeError):
        return None
    return library


def _library() -> ctypes.CDLL:
    library = find_libopus()
    assert library is not None, "ask has_opus() first"
    return library


def _state(
    library: ctypes.CDLL, what: str, *arguments: ctypes.c_int
) -> "ctypes.Array[ctypes.c_char]":
    """Return an initialised state in memory of ours: freed with its owner."""
    n_bytes = getattr(library, f"opus_{what}_get_size")(1)
    state = ctypes.create_string_buffer(n_bytes)
    status = getattr(library, f"opus_{what}_init")(state, RATE_HZ, 1, *arguments)
    assert status == 0, f"libopus refuses 24 kHz mono: {status}"
    return state


_POINTER = ctypes.c_char_p
_INT = ctypes.c_int
_SIGNATURES: tuple[tuple[str, object, list[object] | None], ...] = (
    ("opus_decoder_get_size", _INT, [_INT]),
    ("opus_decoder_init", _INT, [_POINTER, ctypes.c_int32, _INT]),
    ("opus_decode", _INT, [_POINTER, _POINTER, ctypes.c_int32, _POINTER, _INT, _INT]),
    ("opus_packet_get_nb_samples", _INT, [_POINTER, ctypes.c_int32, ctypes.c_int32]),
    ("opus_encoder_get_size", _INT, [_INT]),
    ("opus_encoder_init", _INT, [_POINTER, ctypes.c_int32, _INT, _INT]),
    ("opus_encode", ctypes.c_int32, [_POINTER, _POINTER, _INT, _POINTER, ctypes.c_int32]),
    ("opus_encoder_ctl", _INT, None),
)
