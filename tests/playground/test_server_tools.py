"""The server's own tools in the playground, in a real browser, against a served double."""

import asyncio
import json
import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.clients.playing import Played
from tests.playground.browsing import HERE, PICTURES, scenes_of
from tests.served import served
from tests.tools.sdk_servers import serving, weather_server

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

SCRIPTED = ("--scripted", str(HERE / "tools_script.toml"))
PROGRAM = HERE.parent / "clients" / "weather_program.py"
CALL = 'weather: weather({"city":"Oslo"})'


def tables(folder: Path) -> Path:
    """Write a configuration with a server of tools, and leave to reach another on loopback."""
    config = folder / "vivavoce.toml"
    config.write_text(
        "[tools]\nallow_http = true\nallow_private_addresses = ['127.0.0.1']\n"
        f"[tools.servers.weather]\ncommand = {json.dumps([sys.executable, str(PROGRAM)])}\n"
    )
    return config


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return asyncio.run(_played(tmp_path_factory.mktemp("tools")))


async def _played(folder: Path) -> Played:
    arguments = (*SCRIPTED, "--config", str(tables(folder)))
    goes_on = {"VIVAVOCE_TOOLS__CONTINUE_AFTER_CALL": "true"}
    async with (
        serving(weather_server().streamable_http_app(), "/mcp") as elsewhere,
        served(*arguments, VIVAVOCE_HOME=str(folder / "one")) as (url, _),
        served(*arguments, VIVAVOCE_HOME=str(folder / "two"), **goes_on) as (other_url, _),
    ):
        address, other = (one.removesuffix("v1") for one in (url, other_url))
        return await scenes_of("server_tools", address, elsewhere.url, other, str(PICTURES))


def test_a_tool_is_allowed_with_the_keyboard_and_its_output_is_spoken_of(played: Played) -> None:
    seen = played["approve"]

    _, listed, call, question, answer = seen["transcript"]
    assert listed["said"] == "Tools of weather"
    assert listed["note"] == "weather"
    assert call["said"] == CALL
    assert call["note"] == "→ It is sunny in Oslo."
    assert question["said"] == seen["label"] == f"May weather run {CALL.partition(' ')[2]}?"
    assert question["note"] == "approved"
    assert answer["said"] == "It is sunny there."
    assert seen["focused"] == "Approve"
    assert seen["after"] == "transcript"
    assert seen["complaints"] == []


def test_a_tool_that_is_rejected_does_not_run(played: Played) -> None:
    seen = played["reject"]

    *_, call, question, answer = seen["transcript"]
    assert "was not approved" in call["note"]
    assert question["note"] == "rejected"
    assert answer["said"] == "I do without."
    assert seen["focused"] == "Reject"


@pytest.mark.parametrize(
    ("scene", "n_asked"), [("go_on", 2), ("server_goes_on", 1), ("approve", 2), ("reject", 2)]
)
def test_the_page_asks_for_the_answer_once_unless_the_server_goes_on(
    played: Played, scene: str, n_asked: int
) -> None:
    assert played[scene]["transcript"][-1]["who"] == "assistant"
    assert played[scene]["asked"] == {"n": n_asked, "errors": 0}


def test_a_server_elsewhere_is_added_by_its_address_and_remembered(played: Played) -> None:
    seen = played["by_address"]

    assert seen["transcript"][-1]["said"] == "It is sunny there."
    assert any(entry["said"] == "Tools of elsewhere" for entry in seen["transcript"])
    assert seen["kept"].endswith("/mcp")


def test_a_server_that_is_not_there_is_told(played: Played) -> None:
    _, listed, *_ = played["unreachable"]["transcript"]

    assert listed["said"] == "Tools of mcp"
    assert listed["note"].startswith("could not be listed")


def test_on_a_phone_nothing_is_wider_than_the_screen(played: Played) -> None:
    assert played["phone"]["width"] == 390


@pytest.mark.parametrize(
    ("language", "file", "command"),
    [
        ("Python", "session.py", (sys.executable,)),
        ("JavaScript, Node", "session.mjs", ("node", "--no-warnings", "--experimental-websocket")),
    ],
)
@pytest.mark.parametrize(
    ("question", "answer"),
    [("What is the weather like?", "It is sunny there."), ("Page orange!", "It is orange now.")],
)
async def test_the_code_of_a_session_with_tools_runs(
    played: Played,
    tmp_path: Path,
    language: str,
    file: str,
    command: tuple[str, ...],
    question: str,
    answer: str,
) -> None:
    written: dict[str, Any] = played["code"]["written"]

    arguments = (*SCRIPTED, "--config", str(tables(tmp_path)))
    async with served(*arguments, VIVAVOCE_HOME=str(tmp_path)) as (url, _):
        code = re.sub(r"127\.0\.0\.1:\d+", url.split("/")[2], written[language])
        (tmp_path / file).write_text(code)
        process = await asyncio.create_subprocess_exec(
            *(shutil.which(command[0]) or command[0], *command[1:]),
            *(file, question),
            cwd=tmp_path,
            env={**os.environ},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(30):
            printed, complaints = await process.communicate()

    assert process.returncode == 0, complaints.decode()
    assert printed.decode() == f"{answer}\n"
