import os
import subprocess
import sys
from pathlib import Path

HEAVY = ("onnxruntime", "ctranslate2", "xllamacpp", "hibari", "faster_whisper", "aiohttp")


def vivavoce(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "vivavoce", *arguments],
        env={**os.environ, "VIVAVOCE_HOME": str(tmp_path), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_config_prints_values_with_their_sources(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[server]\nport = 9999\n")

    shown = vivavoce(tmp_path, "config")

    assert shown.returncode == 0
    line = next(line for line in shown.stdout.splitlines() if "server.port" in line)
    assert "9999" in line
    assert "file" in line


def test_a_wrong_configuration_is_one_plain_line_and_status_2(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[server]\nprot = 9999\n")

    shown = vivavoce(tmp_path, "serve")

    assert shown.returncode == 2
    assert shown.stderr == "vivavoce: server.prot: there is no such setting\n"


def test_serving_elsewhere_without_keys_says_what_to_do(tmp_path: Path) -> None:
    shown = vivavoce(tmp_path, "serve", "--host", "0.0.0.0")

    assert shown.returncode == 2
    assert "VIVAVOCE_API_KEYS" in shown.stderr


def test_talk_without_a_server_says_how_to_start_one(tmp_path: Path) -> None:
    shown = vivavoce(tmp_path, "talk", "--text", "Hi", "--url", "http://127.0.0.1:1/v1")

    assert shown.returncode == 1
    assert "make serve" in shown.stderr


def test_models_are_listed_with_size_licence_and_whether_they_are_there(tmp_path: Path) -> None:
    shown = vivavoce(tmp_path, "models", "list")

    assert shown.returncode == 0
    line = next(line for line in shown.stdout.splitlines() if "whisper-base" in line)
    assert "MIT" in line
    assert "no" in line


def test_the_command_line_loads_no_engine_before_it_needs_one() -> None:
    program = "import sys, vivavoce.cli; print(*sys.modules)"

    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert [name for name in HEAVY if name in loaded.stdout.split()] == []
