"""A foreign telephone asks the bundled models, and what it hears is understood."""

import re
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.baresip import Codec, Encryption, baresip, free_port
from tests.ears import Ears, listening
from tests.recordings import recording
from tests.served import served
from tests.tools.files.handbook import add_handbook
from vivavoce.media.pcm import BYTES_PER_MS, Pcm, silence

pytestmark = [
    pytest.mark.models,
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.asyncio(loop_scope="module"),
]

CONFIG = """
[sip]
udp_port = {port}
tcp_port = "none"

[rtp]
first_port = 35500
last_port = 35900

[telephone.answer]
instructions = "You answer the telephone of a tool shop. Look up what the shop promises."
greeting_line = "Hello, you have reached Marlow."
tools = [{{ type = "mcp", server_label = "files", require_approval = "never" }}]
"""
ASKS_AT_MS = 5_000
"""When the caller asks, after the greeting."""
GREETING_S, ANSWER_S = 1.0, 1.0
"""The least that is heard of them."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def address(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """Where a server answers that has a handbook and no application."""
    home = tmp_path_factory.mktemp("home")
    port = free_port(socket.SOCK_DGRAM)
    (config := home / "config.toml").write_text(CONFIG.format(port=port))
    arguments = ("--profile", "standard", "--config", str(config))
    async with served(*arguments, **await add_handbook(home)):
        yield f"sip:shop@127.0.0.1:{port}"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ears() -> AsyncIterator[Ears]:
    async with listening() as listener:
        yield listener


@pytest.mark.parametrize(
    ("codec", "encryption", "question", "answer"),
    [
        ("pcmu", "", "question-capital", "Paris"),
        ("opus/48000/2", "srtp-mand", "question-week", "seven|7"),
        ("g722/16000/1", "", "question-batteries", "twelve|12"),
    ],
)
async def test_a_caller_is_greeted_asks_and_is_answered(
    address: str,
    ears: Ears,
    tmp_path: Path,
    codec: Codec,
    encryption: Encryption,
    question: str,
    answer: str,
) -> None:
    asking = silence(ASKS_AT_MS).data + recording(question).data + silence(60_000).data
    phone_of = baresip(tmp_path / "phone", codec=codec, encryption=encryption, says=Pcm(asking))
    async with phone_of as phone:
        await phone.order("dial", address)
        await phone.happened("CALL_ESTABLISHED")
        await phone.fell_silent(after_s=GREETING_S)
        greeting_s = phone.loud_s()
        await phone.fell_silent(after_s=greeting_s + ANSWER_S)
        heard = phone.heard_sound()
        await phone.order("hangup")

    end = ASKS_AT_MS * BYTES_PER_MS
    assert "you have reached" in await ears.understood(Pcm(heard.data[:end]))
    assert re.search(answer, await ears.understood(Pcm(heard.data[end:])))
