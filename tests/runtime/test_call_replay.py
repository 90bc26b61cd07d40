"""A recorded call, interruptions and all, repeats itself."""

from pathlib import Path

from tests.api.called import GA, fakes
from tests.api.server import served
from tests.rtc_client import calling, tone
from vivavoce.runtime.recorder import open_recordings
from vivavoce.runtime.replay import replay


async def test_a_recorded_call_replays(tmp_path: Path) -> None:
    with open_recordings(tmp_path, with_sound=False) as recordings:
        async with (
            served(fakes=fakes(), recordings=recordings) as server,
            calling(server.http, server.url + GA) as caller,
        ):
            caller.send({"type": "response.create"})
            await caller.hears(0.3)
            caller.say(tone(440, 0.3))
            await caller.received("conversation.item.truncated")
            await caller.received("input_audio_buffer.speech_stopped")
    check(tmp_path)


def check(folder: Path) -> None:
    (recording,) = folder.iterdir()
    steps = list(replay(recording))
    assert [step for step in steps if not step.agrees] == []
    assert any(type(step.item).__name__ == "PlaybackCleared" for step in steps)
