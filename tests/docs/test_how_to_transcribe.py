"""The example of the page works as it stands."""

import asyncio
import re
import sys
import wave
from pathlib import Path

from tests.recordings import recording
from tests.served import served

PAGE = Path(__file__).parents[2] / "docs/how-to/transcribe.md"
NAMED = r"```python\n# (\S+)\n(.*?)```"
SCRIPT = """
[[turns]]
hears = "Go forward ten meters."
partials = ["Go forward"]
"""


async def test_the_example_writes_down_a_recording(tmp_path: Path) -> None:
    ((name, text),) = re.findall(NAMED, PAGE.read_text(), re.DOTALL)
    (tmp_path / name).write_text(text)
    (tmp_path / "script.toml").write_text(SCRIPT)
    with wave.open(str(tmp_path / "recording.wav"), "wb") as file:
        file.setparams((1, 2, 24_000, 0, "NONE", ""))
        file.writeframes(recording("goforward").data)
    arguments = ("--scripted", str(tmp_path / "script.toml"))

    async with asyncio.timeout(60), served(*arguments, VIVAVOCE_HOME=str(tmp_path)) as (url, _):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, name, "recording.wav"),
            cwd=tmp_path,
            env={"VIVAVOCE_URL": url},
            stdout=asyncio.subprocess.PIPE,
        )
        printed, _ = await process.communicate()

    lines = printed.decode().splitlines()
    assert lines[0] == "Go forward"
    assert lines[-1] == "all: Go forward ten meters."
