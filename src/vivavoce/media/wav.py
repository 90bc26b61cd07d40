"""Sound files: any WAV in, 24 kHz mono WAV out."""

import io
import wave
from pathlib import Path

import av
import av.error
from av.audio.resampler import AudioResampler

from vivavoce.errors import ConfigError
from vivavoce.media.pcm import BYTES_PER_SAMPLE, RATE_HZ, Pcm


def read_wav(path: Path) -> Pcm:
    """Read a sound file of any rate, sample format and number of channels as 24 kHz mono.

    Raises:
        ConfigError: there is no such file, or it holds no sound that can be read.
    """
    try:
        return Pcm(_decoded(path))
    except (OSError, ValueError, av.error.FFmpegError) as error:
        raise ConfigError(f"cannot read {path} as a sound file: {error}") from error


def write_wav(path: Path, sound: Pcm) -> None:
    """Write mono 16-bit sound at its own rate, replacing the file.

    Raises:
        ConfigError: the file can't be written.
    """
    try:
        path.write_bytes(wav_bytes(sound))
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error}") from error


def wav_bytes(sound: Pcm) -> bytes:
    """Return mono 16-bit sound as a WAV file."""
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(BYTES_PER_SAMPLE)
        file.setframerate(sound.rate_hz)
        file.writeframes(sound.data)
    return stream.getvalue()


def _decoded(path: Path) -> bytes:
    resampler = AudioResampler(format="s16", layout="mono", rate=RATE_HZ)
    pieces = []
    with av.open(str(path)) as file:
        if not file.streams.audio:
            raise ValueError("it has no audio stream")
        for frame in [*file.decode(file.streams.audio[0]), None]:
            pieces += [piece.to_ndarray().tobytes() for piece in resampler.resample(frame)]
    return b"".join(pieces)
