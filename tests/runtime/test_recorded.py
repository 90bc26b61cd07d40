from pathlib import Path

import msgspec
import pytest

from vivavoce.core.inputs import SessionOpened, Tick
from vivavoce.core.options import SessionOptions
from vivavoce.core.translation_options import TranslationOptions
from vivavoce.runtime.recorded import Recorded, find_recorded, list_recorded
from vivavoce.runtime.recording import Header, step_of

NAME = "20231114T221320Z-sess_1"


def header(key_id: str | None = None, **changes: object) -> Header:
    made = Header(
        server_version="0",
        options=SessionOptions(model="gpt-realtime-mini"),
        seed=7,
        wall_s=1_700_000_000,
        key_id=key_id,
    )
    return msgspec.structs.replace(made, **changes)


def write(folder: Path, *lines: object, name: str = NAME) -> Path:
    path = folder / f"{name}.jsonl"
    path.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
    return path


def steps() -> list[object]:
    opened = step_of(10.0, SessionOpened(1_700_000_000), [], with_sound=True)
    return [opened, step_of(12.5, Tick(), [], with_sound=True)]


def test_a_recording_is_listed_with_what_is_known_of_it(tmp_path: Path) -> None:
    path = write(tmp_path, header(), *steps())

    assert list_recorded(tmp_path, None) == [
        Recorded(
            name=NAME,
            session_id="sess_1",
            model="gpt-realtime-mini",
            kind="realtime",
            started_at=1_700_000_000,
            duration_s=2.5,
            size_bytes=path.stat().st_size,
        )
    ]


def test_the_newest_comes_first(tmp_path: Path) -> None:
    newer = "20240101T000000Z-sess_2"
    for name in (NAME, newer):
        write(tmp_path, header(), *steps(), name=name)

    assert [one.name for one in list_recorded(tmp_path, None)] == [newer, NAME]


def test_a_recording_without_a_whole_step_has_no_duration(tmp_path: Path) -> None:
    path = write(tmp_path, header(), *steps())
    path.write_bytes(path.read_bytes()[:-9])

    (found,) = list_recorded(tmp_path, None)

    assert found.duration_s is None


def test_a_translation_says_so(tmp_path: Path) -> None:
    write(tmp_path, header(translation=TranslationOptions()), *steps())

    (found,) = list_recorded(tmp_path, None)

    assert (found.kind, found.model) == ("translation", "")


def test_files_that_are_no_recordings_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path, header(format_version=99), *steps())
    (tmp_path / "20240101T000000Z-sess_2.jsonl").write_text("{}\n")
    (tmp_path / "notes.jsonl").write_text("mine\n")

    assert list_recorded(tmp_path, None) == []
    assert list_recorded(tmp_path / "missing", None) == []


def test_a_key_sees_its_own_recordings_only(tmp_path: Path) -> None:
    write(tmp_path, header("key_a"), *steps())

    assert len(list_recorded(tmp_path, "key_a")) == len(list_recorded(tmp_path, None)) == 1
    assert list_recorded(tmp_path, "key_b") == []
    assert find_recorded(tmp_path, NAME, "key_a") is not None
    assert find_recorded(tmp_path, NAME, "key_b") is None


@pytest.mark.parametrize(
    "name", ["", "..", f"../{NAME}", f"{NAME}.jsonl", f"{NAME}/x", "/etc/passwd", f"{NAME}\n"]
)
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "recordings"
    folder.mkdir()
    write(tmp_path, header(), *steps())

    assert find_recorded(folder, name, None) is None
