"""What the pages on keys and prompts show works as it stands."""

import asyncio
import re
import sys
from pathlib import Path

from openai import AsyncOpenAI
from openai.types.responses import ResponsePromptParam

from tests.served import served

PAGES = Path(__file__).parents[2] / "docs/how-to"
NAMED = r"```(?:python|toml)\n# (\S+)\n(.*?)```"


async def run(tmp_path: Path, *arguments: str, **environment: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *arguments),
        cwd=tmp_path,
        env={"VIVAVOCE_HOME": str(tmp_path), **environment},
        stdout=asyncio.subprocess.PIPE,
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0
    return printed.decode().strip()


async def test_the_examples_of_keys_and_prompts(tmp_path: Path) -> None:
    for page in ("ephemeral-keys.md", "stored-prompts.md"):
        for name, text in re.findall(NAMED, (PAGES / page).read_text(), re.DOTALL):
            (tmp_path / name).write_text(text)
    (tmp_path / "script.toml").write_text('[[turns]]\nanswer = "Hello."\n')
    arguments = ("--scripted", str(tmp_path / "script.toml"))
    shop: ResponsePromptParam = {"id": "shop", "variables": {"thing": "tea"}}

    async with asyncio.timeout(60), served(*arguments, VIVAVOCE_HOME=str(tmp_path)) as (url, _):
        key = await run(tmp_path, "mint.py", VIVAVOCE_URL=url, VIVAVOCE_API_KEY="any")
        added = await run(tmp_path, "-m", "vivavoce", "prompts", "add", "shop.toml")
        async with (
            AsyncOpenAI(base_url=url, api_key=key) as client,
            client.realtime.connect(model="gpt-realtime") as connection,
        ):
            created = await connection.recv()
            await connection.session.update(
                session={"type": "realtime", "instructions": "", "prompt": shop}
            )
            updated = await connection.recv()

    assert added == "shop version 1"
    assert "You sell tea. Answer in one sentence." in str(created)
    assert "You sell tea at the counter" in str(updated)
    assert "look_up_price" in str(updated)
