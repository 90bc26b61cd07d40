from pathlib import Path

import pytest
from msgspec import structs

from vivavoce.core.inputs import AudioHeard, ClientSent, SessionOpened
from vivavoce.core.options import PictureRules, SessionOptions
from vivavoce.core.session import Session
from vivavoce.errors import ConfigError
from vivavoce.ids import seeded_ids
from vivavoce.protocol.client_events import ConversationItemCreate
from vivavoce.protocol.items import InputImage, Message
from vivavoce.runtime.recorder import open_recordings
from vivavoce.runtime.recording import Header
from vivavoce.runtime.replay import replay

HEADER = Header(server_version="0", options=SessionOptions(), seed=7, wall_s=1_700_000_000)
SOUND = b"\x01\x02" * 768


def record(folder: Path, *, with_sound: bool) -> Path:
    """Record a session that is greeted and hears one frame."""
    session = Session(HEADER.options, new_id=seeded_ids(HEADER.seed))
    with open_recordings(folder, with_sound=with_sound) as recordings:
        recorder = recordings.start(session.session_id, HEADER)
        for now, item in ((1.5, SessionOpened(HEADER.wall_s)), (1.6, AudioHeard(SOUND, (0.9,)))):
            recorder.saw(now, item, session.handle(item, now))
        recorder.ended(2.0)
    return recorder.path


@pytest.mark.parametrize(("with_sound", "sound"), [(True, SOUND), (False, bytes(len(SOUND)))])
def test_a_recording_replays_with_its_sound_or_with_silence(
    tmp_path: Path, with_sound: bool, sound: bytes
) -> None:
    path = record(tmp_path, with_sound=with_sound)

    steps = list(replay(path))

    assert [step.now for step in steps] == [1.5, 1.6]
    assert steps[1].item == AudioHeard(sound, (0.9,))
    assert all(step.agrees for step in steps)


@pytest.mark.parametrize("with_sound", [True, False])
def test_pictures_are_kept_as_sound_is(tmp_path: Path, with_sound: bool) -> None:
    url = "data:image/jpeg;base64,AAECAwQFBgcICQ=="
    part = InputImage(image_url=url)
    message = Message(id="shown", role="user", content=(part,))
    told = ClientSent(ConversationItemCreate(item=message))
    options = SessionOptions(pictures=PictureRules("read"))
    header = structs.replace(HEADER, options=options)
    session = Session(options, new_id=seeded_ids(header.seed))
    with open_recordings(tmp_path, with_sound=with_sound) as recordings:
        recorder = recordings.start(session.session_id, header)
        for now, item in ((1.5, SessionOpened(header.wall_s)), (1.6, told)):
            recorder.saw(now, item, session.handle(item, now))
        recorder.ended(2.0)

    assert all(step.agrees for step in replay(recorder.path))
    assert recorder.path.read_text().count(url) == int(with_sound)


def test_a_replay_shows_what_went_differently(tmp_path: Path) -> None:
    path = record(tmp_path, with_sound=False)
    path.write_text(path.read_text().replace("session.created", "session.invented"))

    assert [step.agrees for step in replay(path)] == [False, True]


@pytest.mark.parametrize("content", ["", "nothing", '{"format_version": 0}'])
def test_what_is_no_recording_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "notes.jsonl"
    path.write_text(content)

    with pytest.raises(ConfigError):
        list(replay(path))


def test_the_name_of_a_recording_says_when_and_which_session(tmp_path: Path) -> None:
    path = record(tmp_path, with_sound=False)

    assert path.name.startswith("20231114T221320Z-sess_")
