"""A foreign telephone: baresip as a process, controlled over its TCP port.

`make baresip` installs it (Debian: baresip-core).
"""

import asyncio
import json
import os
import re
import shutil
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Literal

import numpy as np

from vivavoce.media.pcm import Pcm
from vivavoce.media.resample import resample
from vivavoce.media.wav import read_wav, write_wav

BARESIP = shutil.which("baresip")
MODULES = ("g711", "g722", "opus", "srtp", "dtls_srtp", "aufile", "sndfile")
APPLICATIONS = ("account", "menu", "contact", "ctrl_tcp")
FOLDERS = ("/usr/lib/baresip/modules", "/usr/local/lib/baresip/modules")
PATIENCE_S = 20
MODELS_PATIENCE_S = 60
START_S, STARTS = 10, 3
"""It is up within 0.6 s, but on a busy machine it was seen not to come up at all."""
LOUD = 600
QUIET_S = 1.5
WAV_HEADER_BYTES = 44
SOURCE_HZ, HUM_HZ, HUM_S = 48_000, 440, 60
HUM_LEVEL = 300
"""Below -40 dBFS: the server's scripted ears take it for silence."""

Transport = Literal["udp", "tcp", "tls"]
Encryption = Literal["", "srtp", "srtp-mand", "dtls_srtp"]
Codec = Literal["pcmu", "pcma", "g722/16000/1", "opus/48000/2"]


class Baresip:
    """One telephone with one account and no network but loopback."""

    def __init__(
        self,
        folder: Path,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        address: str,
    ) -> None:
        self.address = address
        """Where it can be called."""
        self.events: list[dict[str, Any]] = []
        self._folder = folder
        self._reader = reader
        self._writer = writer
        self._has_news = asyncio.Condition()

    async def order(self, command: str, params: str = "") -> None:
        """Let it do something: `dial`, `hold`, `resume`, `sndcode`, `hangup`."""
        text = json.dumps({"command": command, "params": params, "token": "t"}).encode()
        self._writer.write(b"%d:%b," % (len(text), text))
        await self._writer.drain()

    async def happened(self, kind: str, times: int = 1) -> dict[str, Any]:
        """Wait for the n-th event of a kind, such as `CALL_ESTABLISHED`; return it."""

        def found() -> list[dict[str, Any]]:
            return [event for event in self.events if event.get("type") == kind]

        async with self._has_news:
            try:
                async with asyncio.timeout(PATIENCE_S):
                    await self._has_news.wait_for(lambda: len(found()) >= times)
            except TimeoutError:
                raise AssertionError(f"no {kind}, only {self.events}") from None
        return found()[times - 1]

    async def logged(self, text: str) -> None:
        """Wait until its log, which has its SIP messages, holds a text."""
        log = self._folder / "log"
        async with asyncio.timeout(PATIENCE_S):
            while text not in await asyncio.to_thread(log.read_text):  # noqa: ASYNC110 - as below
                await asyncio.sleep(0.05)

    async def fell_silent(self, after_s: float) -> None:
        """Wait until nothing was heard for 1.5 s, once this much sound was heard in all.

        A language model that was just started may have to read for most of a minute first.
        """
        await self.heard(after_s, patience_s=MODELS_PATIENCE_S)
        before = 0.0
        while (now := self.loud_s()) > before:
            before = now
            await asyncio.sleep(QUIET_S)

    def heard_sound(self) -> Pcm:
        """Return what it has heard in its one call, silence included, at 24 kHz."""
        (file,) = self._folder.glob("dump*dec.wav")
        return read_wav(file)

    async def heard(self, seconds: float, patience_s: float = PATIENCE_S) -> None:
        """Wait until it has heard this much sound, in all calls since it was started."""
        async with asyncio.timeout(patience_s):
            while self.loud_s() < seconds:  # noqa: ASYNC110 - a file tells nobody that it grows
                await asyncio.sleep(0.1)

    async def codecs(self) -> set[str]:
        """Return the names of the codecs that were offered or answered, such as `g722`."""
        log = await asyncio.to_thread((self._folder / "log").read_text)
        return {name.lower() for name in re.findall(r"a=rtpmap:\d+ ([A-Za-z]\w*)/", log)}

    def loud_s(self) -> float:
        """Return how much it has heard that is no silence."""
        return sum(_loud_s(file.read_bytes()) for file in self._folder.glob("dump*dec.wav"))

    async def follow(self) -> None:
        """Keep what it tells, to the end."""
        while length := await self._reader.readuntil(b":"):
            text = await self._reader.readexactly(int(length[:-1]))
            await self._reader.readexactly(1)
            async with self._has_news:
                self.events.append(json.loads(text))
                self._has_news.notify_all()


@asynccontextmanager
async def baresip(
    folder: Path,
    *,
    codec: Codec = "pcmu",
    transport: Transport = "udp",
    encryption: Encryption = "",
    registrar: str = "",
    says: Pcm | None = None,
) -> AsyncIterator[Baresip]:
    """Run one until the block is left.

    Args:
        folder: is made, for its files.
        codec: the only one it offers.
        transport: of its account.
        encryption: of its sound.
        registrar: host and port at which it registers; empty: nowhere.
        says: what it says in a call, from its beginning on; None: it hums.
    """
    assert BARESIP is not None, "baresip is needed: make baresip, or apt-get install baresip-core"
    for attempt in range(STARTS):
        port, control = free_port(socket.SOCK_DGRAM), free_port(socket.SOCK_STREAM)
        account = (
            f"<sip:ann@{registrar or f'127.0.0.1:{port}'};transport={transport}>"
            f";regint={60 if registrar else 0};audio_codecs={codec}"
            f"{encryption and f';mediaenc={encryption}'}"
        )
        home = folder / str(attempt)
        await asyncio.to_thread(_furnish, home, account, port, control, says or _hum())
        async with _running(home) as process:
            connection = await _connected(control, process)
            if connection is None:
                continue
            phone = Baresip(home, *connection, f"sip:ann@127.0.0.1:{port}")
            async with asyncio.TaskGroup() as tasks:
                following = tasks.create_task(phone.follow())
                yield phone
                following.cancel()
            connection[1].close()
            return
    log = await asyncio.to_thread((home / "log").read_text, errors="replace")
    raise AssertionError(f"baresip did not start in {STARTS} attempts; its log ends: {log[-2000:]}")


@asynccontextmanager
async def _running(home: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    with (home / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(str(BARESIP), "-f", str(home), "-s"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=asyncio.subprocess.STDOUT,
            cwd=home,
            start_new_session=True,
        )
    async with ended_at_last(process):
        yield process


@asynccontextmanager
async def ended_at_last(process: asyncio.subprocess.Process) -> AsyncIterator[None]:
    """Leave no foreign process and none of its children: first asked to end, then made to.

    It has to be the leader of a session of its own.
    """
    try:
        yield
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                async with asyncio.timeout(5):
                    await process.wait()
            except TimeoutError:
                os.killpg(process.pid, signal.SIGKILL)
                await process.wait()


def free_port(kind: socket.SocketKind) -> int:
    """Return a port that nobody uses now."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _loud_s(wav: bytes) -> float:
    """Return how much of a WAV file, which may still be growing, is no silence."""
    if len(wav) <= WAV_HEADER_BYTES:
        return 0.0
    channels, rate_hz = int.from_bytes(wav[22:24], "little"), int.from_bytes(wav[24:28], "little")
    frame = rate_hz * channels // 50
    n_bytes = (len(wav) - WAV_HEADER_BYTES) // (2 * frame) * 2 * frame
    samples = np.frombuffer(wav, "<i2", n_bytes // 2, WAV_HEADER_BYTES).astype(int)
    return float((np.abs(samples).reshape(-1, frame).max(axis=1) > LOUD).sum()) / 50


def _hum() -> Pcm:
    n = np.arange(HUM_S * SOURCE_HZ)
    hum = (HUM_LEVEL * np.sin(2 * np.pi * HUM_HZ * n / SOURCE_HZ)).astype("<i2")
    return Pcm(hum.tobytes(), SOURCE_HZ)


def _furnish(folder: Path, account: str, port: int, control: int, says: Pcm) -> None:
    folder.mkdir(parents=True)
    (folder / "accounts").write_text(account + "\n")
    (folder / "contacts").write_text("")
    write_wav(folder / "says.wav", resample(says, SOURCE_HZ))
    lines = [
        f"module_path {next(found for found in FOLDERS if Path(found).is_dir())}",
        *(f"module {name}.so" for name in MODULES),
        *(f"module_app {name}.so" for name in APPLICATIONS),
        f"sip_listen 127.0.0.1:{port}",
        "sip_verify_server no",
        f"ctrl_tcp_listen 127.0.0.1:{control}",
        f"audio_source aufile,{folder}/says.wav",
        "ausrc_srate 48000",
        "ausrc_channels 1",
        f"snd_path {folder}",
        "rtp_ports 37000-38000",
        "net_interface 127.0.0.1",
    ]
    (folder / "config").write_text("\n".join(lines) + "\n")


async def _connected(
    port: int, process: asyncio.subprocess.Process
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
    """Return its control connection; none: it ended, or does not listen in time."""
    with suppress(TimeoutError):
        async with asyncio.timeout(START_S):
            while process.returncode is None:
                try:
                    return await asyncio.open_connection("127.0.0.1", port)
                except ConnectionRefusedError:
                    await asyncio.sleep(0.05)
    return None
