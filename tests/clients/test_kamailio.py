"""The configuration of the how-to page works as it stands, but for its ports."""

import asyncio
import re
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.baresip import baresip, ended_at_last, free_port
from tests.clients.test_baresip import telephone

pytestmark = pytest.mark.slow

KAMAILIO = shutil.which("kamailio")
PAGE = (Path(__file__).parents[2] / "docs/how-to/telephone-kamailio.md").read_text()
(SWITCHBOARD,) = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
OURS = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)[0].replace("[sip]\n", "")


@asynccontextmanager
async def switchboard(folder: Path, vivavoce_port: str) -> AsyncIterator[str]:
    """Run Kamailio until the block is left; yield its host and port."""
    assert KAMAILIO is not None, "kamailio is needed: make kamailio"
    port = free_port(socket.SOCK_DGRAM)
    text = SWITCHBOARD.replace("127.0.0.1:5080", f"127.0.0.1:{port}")
    text = text.replace("127.0.0.1:5060", f"127.0.0.1:{vivavoce_port}")
    file = folder / "kamailio.cfg"
    await asyncio.to_thread(file.write_text, text)
    process = await asyncio.create_subprocess_exec(
        *(KAMAILIO, "-f", str(file), "-DD", "-m", "16", "-Y", str(folder)),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    async with ended_at_last(process):
        yield f"127.0.0.1:{port}"


async def test_a_registered_telephone_dials_shop_and_hears_the_greeting(tmp_path: Path) -> None:
    async with telephone(tmp_path, OURS) as (_, uri):
        port = uri.partition("127.0.0.1:")[2].partition(";")[0]
        async with (
            switchboard(tmp_path, port) as registrar,
            baresip(tmp_path / "phone", registrar=registrar) as phone,
        ):
            await phone.logged("200 OK")  # it registers before it takes orders
            await phone.order("dial", f"sip:shop@{registrar}")
            await phone.happened("CALL_ESTABLISHED")
            await phone.heard(1.5)
            await phone.order("hangup")
            await phone.happened("CALL_CLOSED")
