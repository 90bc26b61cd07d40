"""Where the sound of `vivavoce talk` comes from and goes to."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vivavoce.errors import ConfigError
from vivavoce.media.pcm import BYTES_PER_MS, RATE_HZ
from vivavoce.media.wav import read_wav

MICROPHONE_CHUNK_MS = 20


async def recording(file: Path, chunk_ms: int) -> AsyncIterator[bytes]:
    """Yield a recording at the pace of speech, then silence without end.

    Raises:
        ConfigError: the file is no recording.
    """
    data, size = read_wav(file).data, chunk_ms * BYTES_PER_MS
    loop = asyncio.get_running_loop()
    started, n_sent = loop.time(), 0
    while True:
        await asyncio.sleep(max(0.0, started + n_sent * chunk_ms / 1000 - loop.time()))
        chunk = data[n_sent * size : (n_sent + 1) * size]
        n_sent += 1
        yield chunk + bytes(size - len(chunk))


async def microphone() -> AsyncIterator[bytes]:
    """Yield what the default microphone hears, without end.

    Raises:
        ConfigError: there is no microphone, or the library for it is missing.
    """
    sounddevice = _sounddevice()
    if sounddevice is None:
        raise ConfigError(
            "no microphone can be used: install the extra (pip install 'vivavoce[microphone]'), "
            "or name a recording: vivavoce talk question.wav"
        )
    loop = asyncio.get_running_loop()
    chunks: asyncio.Queue[bytes] = asyncio.Queue()

    def heard(data: Any, *_: object) -> None:
        loop.call_soon_threadsafe(chunks.put_nowait, bytes(data))

    try:
        stream = sounddevice.RawInputStream(
            samplerate=RATE_HZ,
            channels=1,
            dtype="int16",
            blocksize=RATE_HZ * MICROPHONE_CHUNK_MS // 1000,
            callback=heard,
        )
    except sounddevice.PortAudioError as error:
        raise ConfigError(f"no microphone can be used: {error}") from error
    with stream:
        while True:
            yield await chunks.get()


class Speaker:
    """Plays sound as it comes; the sound device's thread takes it from here."""

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._lock = threading.Lock()

    @property
    def waiting_ms(self) -> int:
        """Sound that is not played yet."""
        return len(self._waiting) // BYTES_PER_MS

    def push(self, data: bytes) -> None:
        """Play this behind what is waiting."""
        with self._lock:
            self._waiting += data

    def clear(self) -> None:
        """Forget what is waiting."""
        with self._lock:
            self._waiting.clear()

    def take(self, size: int) -> bytes:
        """Return the next `size` bytes to be played; silence where there are none."""
        with self._lock:
            taken = bytes(self._waiting[:size])
            del self._waiting[:size]
        return taken.ljust(size, b"\0")

    async def played(self) -> None:
        """Wait until nothing is waiting."""
        while self._waiting:  # noqa: ASYNC110 - the thread that takes sound can't set an Event
            await asyncio.sleep(max(1, self.waiting_ms) / 1000)


@contextmanager
def open_speaker() -> Iterator[Speaker | None]:
    """Yield the default loudspeaker; None where there is no sound device or library for it."""
    sounddevice = _sounddevice()
    if sounddevice is None:
        yield None
        return
    speaker = Speaker()

    def wanted(out: Any, *_: object) -> None:
        out[:] = speaker.take(len(out))

    try:
        stream = sounddevice.RawOutputStream(
            samplerate=RATE_HZ, channels=1, dtype="int16", callback=wanted
        )
    except sounddevice.PortAudioError:
        yield None
        return
    with stream:
        yield speaker


def _sounddevice() -> Any:
    try:
        import sounddevice
    except (ImportError, OSError):  # not installed, or without the system's PortAudio
        return None
    return sounddevice
