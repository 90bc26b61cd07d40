"""The example of the page works as it stands, in a folder of its own."""

import asyncio
import re
import sys
from pathlib import Path

from vivavoce.testing.scripted import Delays, Script, ScriptedTurn, ScriptedVoice

PAGE = Path(__file__).parents[2] / "docs/how-to/test-your-app.md"
NAMED = r"```(?:python|toml)\n# (\S+)\n(.*?)```"


async def test_the_example_passes(tmp_path: Path) -> None:
    for name, text in re.findall(NAMED, PAGE.read_text(), re.DOTALL):
        (tmp_path / name).write_text(text)

    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pytest", "-q", "-o", "asyncio_mode=auto", "test_app.py"),
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await process.communicate()

    assert process.returncode == 0, printed.decode()
    assert "1 passed" in printed.decode()


def test_every_key_of_a_script_is_described() -> None:
    table = PAGE.read_text().partition("## All keys")[2]

    for kind in (Script, ScriptedTurn, ScriptedVoice, Delays):
        for name in kind.__struct_fields__:
            assert re.search(rf"[`\[]{name}[`\]]", table), name
