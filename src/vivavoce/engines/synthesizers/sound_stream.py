"""Sound as it arrives from a server, bare or as WAV, in pieces cut anywhere."""

import struct

import numpy as np
from msgspec import Struct

from vivavoce.media.pcm import BYTES_PER_SAMPLE, RATE_HZ
from vivavoce.media.resample import Resampler

MAX_HEADER_BYTES = 1 << 16
"""Before the samples of a WAV only small chunks come; more is no WAV."""
FORMAT_PCM, FORMAT_EXTENSIBLE = 1, 0xFFFE
UNKNOWN_SIZES = (0, 0x7FFFFFFF)
"""Data sizes that mean "until the end": none, or anything from the second on."""


class BadSound(Exception):  # noqa: N818 - private to the HTTP synthesizer
    """It can't be read as 16-bit sound."""


class SoundFormat(Struct, frozen=True):
    """How the samples of a stream are laid out, and where they lie."""

    rate_hz: int = RATE_HZ
    n_channels: int = 1
    starts_at: int = 0
    n_bytes: int | None = None
    """Of all samples; None: until the end."""


class SoundStream:
    """Turns what arrives into whole samples of 24 kHz mono."""

    def __init__(self, bare: SoundFormat | None) -> None:
        """Begin a stream.

        Args:
            bare: the format of bare samples; None for WAV, which says it itself.
        """
        self._format = bare
        self._resampler = Resampler(bare.rate_hz if bare else RATE_HZ, RATE_HZ)
        self._left_bytes = bare.n_bytes if bare else None
        self._rest = b""

    def push(self, data: bytes) -> bytes:
        """Return the samples that are complete now, perhaps none.

        Raises:
            BadSound: it is no WAV, or not one of 16-bit samples.
        """
        data = self._rest + data
        if self._format is None:
            self._format = read_header(data)
            if self._format is None:
                self._rest = data
                return b""
            self._resampler = Resampler(self._format.rate_hz, RATE_HZ)
            self._left_bytes = self._format.n_bytes
            data = data[self._format.starts_at :]
        if self._left_bytes is not None:
            data = data[: self._left_bytes]
        n_channels = self._format.n_channels
        whole = len(data) - len(data) % (BYTES_PER_SAMPLE * n_channels)
        if self._left_bytes is not None:
            self._left_bytes -= whole
        self._rest = data[whole:]
        return self._resampler.push(_mixed(data[:whole], n_channels))

    def flush(self) -> bytes:
        """Return what the resampler held back; half a sample is dropped.

        Raises:
            BadSound: it ended before its samples began.
        """
        if self._format is None:
            raise BadSound("it ended within its header")
        return self._resampler.flush()


def read_header(data: bytes) -> SoundFormat | None:
    """Read the header of a WAV stream; None if more of it must come first.

    Raises:
        BadSound: it is no WAV, or not one of 16-bit samples.
    """
    if not (b"RIFF".startswith(data[:4]) and b"WAVE".startswith(data[8:12])):
        raise BadSound("it does not begin like one")
    place = 12
    layout: tuple[int, int, int, int] | None = None
    while len(data) >= place + 8:
        name, n_bytes = struct.unpack_from("<4sI", data, place)
        place += 8
        if name == b"data":
            return _sound_format(layout, place, n_bytes)
        if name == b"fmt " and len(data) >= place + 16:
            code, n_channels, rate_hz, _, _, bits = struct.unpack_from("<HHIIHH", data, place)
            layout = (code, n_channels, rate_hz, bits)
        place += n_bytes + n_bytes % 2
    if place > MAX_HEADER_BYTES:
        raise BadSound("its samples never begin")
    return None


def _sound_format(
    layout: tuple[int, int, int, int] | None, starts_at: int, n_bytes: int
) -> SoundFormat:
    if layout is None:
        raise BadSound("it does not say its format")
    code, n_channels, rate_hz, bits = layout
    if code not in (FORMAT_PCM, FORMAT_EXTENSIBLE) or bits != 16 or n_channels not in (1, 2):
        raise BadSound(f"its samples are of format {code}, {bits} bits, {n_channels} channels")
    nothing, unknown_from = UNKNOWN_SIZES
    is_known = n_bytes != nothing and n_bytes < unknown_from
    return SoundFormat(rate_hz, n_channels, starts_at, n_bytes if is_known else None)


def _mixed(data: bytes, n_channels: int) -> bytes:
    if n_channels == 1:
        return data
    both = np.frombuffer(data, "<i2").reshape(-1, n_channels).astype(np.int32)
    mixed: bytes = (both.sum(axis=1) // n_channels).astype("<i2").tobytes()
    return mixed
