"""The example of the page works as it stands, against a served double."""

import asyncio
import re
import sys
from pathlib import Path

from tests.served import served

PAGE = Path(__file__).parents[2] / "docs/how-to/beta-clients.md"
ADDRESS = "ws://127.0.0.1:8000/v1"
SCRIPT = """
[[turns]]
when = "hello"
answer = "Hello there."
"""


async def test_the_example_says_hello(tmp_path: Path) -> None:
    script = tmp_path / "script.toml"
    script.write_text(SCRIPT)
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert ADDRESS in code

    async with (
        asyncio.timeout(60),
        served("--scripted", str(script), VIVAVOCE_HOME=str(tmp_path)) as (url, _),
    ):
        program = (
            code.replace(ADDRESS, url.replace("http", "ws", 1))
            + "\nimport asyncio\nprint(asyncio.run(say_hello()))\n"
        )
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", program),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        printed, complaints = await process.communicate()

    assert process.returncode == 0, complaints.decode()
    assert printed.decode() == "Hello there.\n"
