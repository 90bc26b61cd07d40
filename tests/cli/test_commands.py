import os
import socket
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


def test_an_unknown_engine_is_one_plain_line_that_names_the_known_ones(tmp_path: Path) -> None:
    engines = "".join(
        f"[engines.{role}]\nuse = '{use}'\nbase_url = 'http://127.0.0.1:1/v1'\nmodel = 'any'\n"
        for role, use in (("language_model", "chat-completions"), ("synthesizer", "openai-http"))
    )
    (tmp_path / "config.toml").write_text(
        f"{engines}[engines.turn_judge]\nuse = 'none'\n"
        "[engines.transcriber]\nuse = 'nope'\n[server]\nport = 0\n"
    )

    shown = vivavoce(tmp_path, "serve")

    assert shown.returncode == 2
    assert shown.stderr.splitlines()[-1].startswith(
        "vivavoce: engines.transcriber.use: there is no engine 'nope' (known: "
    )
    assert "Traceback" not in shown.stderr


def test_a_port_that_is_taken_is_one_plain_line(tmp_path: Path) -> None:
    script = tmp_path / "script.toml"
    script.touch()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        shown = vivavoce(tmp_path, "serve", "--scripted", str(script), "--port", port)

    assert shown.returncode == 2
    assert shown.stderr.startswith(f"vivavoce: server.port: can't listen on 127.0.0.1:{port}: ")


def test_what_a_conversation_runs_into_is_one_plain_line(tmp_path: Path) -> None:
    shown = vivavoce(tmp_path, "talk", str(tmp_path / "nothing.wav"))

    assert shown.returncode == 2
    assert shown.stderr == f"vivavoce: there is no file {tmp_path / 'nothing.wav'}\n"


def test_voices_are_listed_by_the_names_that_clients_use(tmp_path: Path) -> None:
    shown = vivavoce(tmp_path, "voices", "list")

    assert shown.returncode == 0
    assert {"alloy", "marin", "cedar"} <= set(shown.stdout.split())


def test_a_voice_can_be_made_only_by_a_server_that_can(tmp_path: Path) -> None:
    shown = vivavoce(tmp_path, "voices", "add", "Ada", "a.wav", "--consent", "b.wav")

    assert shown.returncode == 2
    assert "choose a speech server that can" in shown.stderr
