import asyncio
from pathlib import Path

from vivavoce.cli.sound import Speaker, recording
from vivavoce.media.pcm import BYTES_PER_MS, Pcm
from vivavoce.media.wav import write_wav


def test_a_speaker_plays_in_order_and_is_silent_when_it_has_nothing() -> None:
    speaker = Speaker()

    speaker.push(b"ab")
    speaker.push(b"cd")

    assert [speaker.take(3), speaker.take(3), speaker.take(2)] == [b"abc", b"d\0\0", b"\0\0"]


async def test_a_cleared_speaker_has_played() -> None:
    speaker = Speaker()
    speaker.push(bytes(1000 * BYTES_PER_MS))
    assert speaker.waiting_ms == 1000

    speaker.clear()

    async with asyncio.timeout(0.5):
        await speaker.played()


async def test_a_recording_is_followed_by_silence(tmp_path: Path) -> None:
    file = tmp_path / "question.wav"
    write_wav(file, Pcm(b"\1\0" * (30 * BYTES_PER_MS // 2)))

    chunks = recording(file, 20)
    heard = [await anext(chunks) for _ in range(3)]

    assert [len(chunk) for chunk in heard] == [20 * BYTES_PER_MS] * 3
    assert heard[1].startswith(b"\1\0")
    assert heard[1].endswith(b"\0\0")
    assert heard[2] == bytes(20 * BYTES_PER_MS)
