"""Where the sound of `vivavoce talk` comes from and goes to."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from vivavoce.errors import ConfigError
from vivavoce.media.pcm import BYTES_PER_MS, RATE_HZ, Pcm
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


async def play(sound: Pcm) -> None:
    """Play to the end where there is a sound device; else do nothing."""
    sounddevice = _sounddevice()
    if sounddevice is None or not sound.data:
        return
    await asyncio.to_thread(_play, sounddevice, sound)


def _play(sounddevice: Any, sound: Pcm) -> None:
    import numpy as np

    try:
        sounddevice.play(np.frombuffer(sound.data, "<i2"), sound.rate_hz, blocking=True)
    except sounddevice.PortAudioError:
        return


def _sounddevice() -> Any:
    try:
        import sounddevice
    except (ImportError, OSError):  # not installed, or without the system's PortAudio
        return None
    return sounddevice
