"""Question: what does the media of 60 telephone calls cost, and how evenly does it leave?

The callers live in a process of their own: each sends a packet every 20 ms, spread over them, and
notes when the server's packets came by the kernel's own time stamps. The server plays a tone to all
of them, paced by the one clock of all calls, and hears them; there is no session behind it. CPU is
that of the server's process. "Jitter" is how much a packet's distance to the one before differs
from 20 ms; once for G.711 in the clear, G.711 with SRTP, G.722 and Opus.
"""

import asyncio
import multiprocessing
import selectors
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from itertools import pairwise
from multiprocessing.connection import Connection

import numpy as np
import uvloop

from benchmarks.report import percentile, write
from vivavoce.clock import Clock
from vivavoce.runtime.pacer import Pacer
from vivavoce.transports.rtp.codecs import CODECS, new_encoder
from vivavoce.transports.rtp.dtmf import DigitEvent
from vivavoce.transports.rtp.packets import RtpPacket, build_rtp
from vivavoce.transports.rtp.sdes import SrtpKey, crypto_value, new_key
from vivavoce.transports.rtp.session import RtpEndpoint, RtpSession
from vivavoce.transports.rtp.settings import CodecName, RtpSettings
from vivavoce.transports.rtp.srtp import SrtpOut

N_CALLS = 60
SECONDS = 20.0
WARM_UP_S = 2.0
FRAME_S = 0.02
CASES: tuple[tuple[CodecName, bool], ...] = (
    ("pcmu", False),
    ("pcmu", True),
    ("g722", False),
    ("opus", False),
)
SO_TIMESTAMPNS = 35  # Linux; not in the socket module


async def run() -> None:
    """Measure, and store the figures."""
    figures: dict[str, object] = {}
    for codec, is_secure in CASES:
        name = f"{codec}{' with srtp' if is_secure else ''}"
        # A loop of its own for each, in this thread's place: the server runs on uvloop.
        figures[name] = await asyncio.to_thread(uvloop.run, one_case(codec, is_secure))
    write("rtp", {"calls": N_CALLS, "seconds": SECONDS}, figures)


async def one_case(codec: CodecName, is_secure: bool) -> dict[str, float]:
    """Return the figures of one codec."""
    srtp = "required" if is_secure else "off"
    settings = RtpSettings(host="127.0.0.1", codecs=(codec,), srtp=srtp)
    endpoint = RtpEndpoint(settings, Clock())
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    callers = context.Process(target=call_from_elsewhere, args=(theirs, codec, is_secure))
    callers.start()
    offers: list[str] = await asyncio.to_thread(ours.recv)
    ears = [Ear() for _ in offers]
    sessions = [await endpoint.open(ear, "127.0.0.1") for ear in ears]
    answers = [session.answer(offer) for session, offer in zip(sessions, offers, strict=True)]
    ours.send([session.local.rtp_port for session in sessions])
    frame = tone_frame()
    pacer = Pacer()
    with ExitStack() as calls:
        for session in sessions:
            calls.enter_context(pacer.paced(session.hear, partial(session.play, frame)))
        await asyncio.sleep(WARM_UP_S)
        cpu_s, began_s = time.process_time(), time.perf_counter()
        n_heard = sum(ear.n_heard for ear in ears)
        await asyncio.sleep(SECONDS)
        cpu_s = time.process_time() - cpu_s
        wall_s = time.perf_counter() - began_s
        n_heard = sum(ear.n_heard for ear in ears) - n_heard
        n_lost = sum(session.statistics().n_lost for session in sessions)
    jitter_ms: list[float] = await asyncio.to_thread(ours.recv)
    callers.join()
    _close(sessions)
    assert len(answers) == N_CALLS
    return {
        "cpu_percent_per_call": round(100 * cpu_s / wall_s / N_CALLS, 3),
        "outgoing_jitter_ms_p50": round(percentile(jitter_ms, 0.5), 2),
        "outgoing_jitter_ms_p99": round(percentile(jitter_ms, 0.99), 2),
        "outgoing_jitter_ms_worst": round(max(jitter_ms), 2),
        "heard_share": round(n_heard * FRAME_S / wall_s / N_CALLS, 4),
        "lost_packets": n_lost,
    }


class Ear:
    """Counts what it hears."""

    def __init__(self) -> None:
        self.n_heard = 0

    def on_heard(self, sound: bytes) -> None:
        self.n_heard += 1

    def on_digit(self, event: DigitEvent) -> None:
        pass

    def on_media_lost(self, reason: str) -> None:
        pass


def call_from_elsewhere(pipe: Connection, codec: CodecName, is_secure: bool) -> None:
    """Be all the callers: offer, learn the ports, talk and listen, and tell the jitter."""
    sockets = [_socket() for _ in range(N_CALLS)]
    keys = [new_key("AES_CM_128_HMAC_SHA1_80") if is_secure else None for _ in sockets]
    pipe.send(
        [_offer(line.getsockname()[1], codec, key) for line, key in zip(sockets, keys, strict=True)]
    )
    ports: list[int] = pipe.recv()
    payload = _payload(codec)
    streams = [_packets(number, codec, payload, key) for number, key in enumerate(keys)]
    came: list[list[float]] = [[] for _ in sockets]
    selector = selectors.DefaultSelector()
    for number, line in enumerate(sockets):
        selector.register(line, selectors.EVENT_READ, number)
    ends = time.monotonic() + WARM_UP_S + SECONDS + 0.5
    due = time.monotonic()
    turn = 0
    while due < ends:
        for key, _ in selector.select(max(0.0, due - time.monotonic())):
            _note(sockets[key.data], came[key.data])
        while due <= time.monotonic():
            sockets[turn].sendto(next(streams[turn]), ("127.0.0.1", ports[turn]))
            turn = (turn + 1) % N_CALLS
            due += FRAME_S / N_CALLS
    jitter_ms = [
        abs(later - earlier - FRAME_S) * 1000
        for times in came
        for earlier, later in pairwise(times[100:])
    ]
    pipe.send(jitter_ms)
    selector.close()
    for line in sockets:
        line.close()


def tone_frame() -> bytes:
    """Return 20 ms of something that is not silence."""
    at = np.arange(480)
    return (8_000 * np.sin(2 * np.pi * 450 * at / 24_000)).astype("<i2").tobytes()


def _socket() -> socket.socket:
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    line.bind(("127.0.0.1", 0))
    line.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    line.setblocking(False)
    return line


def _note(line: socket.socket, came: list[float]) -> None:
    """Keep the kernel's time of each RTP packet that waits."""
    while True:
        try:
            data, extra, _, _ = line.recvmsg(2_048, 64)
        except BlockingIOError:
            return
        if data[1] & 0x7F < 64 or data[1] & 0x7F >= 96:
            seconds, nanoseconds = struct.unpack("qq", extra[0][2][:16])
            came.append(seconds + nanoseconds / 1e9)


def _offer(port: int, codec: CodecName, key: SrtpKey | None) -> str:
    kind = CODECS[codec]
    number = kind.payload_type
    rate = f"{kind.encoding}/{kind.clock_hz}" + ("/2" if kind.channels == 2 else "")
    lines = [
        "v=0",
        "o=- 1 1 IN IP4 127.0.0.1",
        "s=-",
        "c=IN IP4 127.0.0.1",
        "t=0 0",
        f"m=audio {port} RTP/{'AVP' if key is None else 'SAVP'} {number}",
        f"a=rtpmap:{number} {rate}",
        "a=rtcp-mux",
    ]
    if key is not None:
        lines.append(f"a=crypto:{crypto_value('1', key)}")
    return "\r\n".join([*lines, ""])


def _payload(codec: CodecName) -> bytes:
    kind = CODECS[codec]
    encoder = new_encoder(kind, {})
    at = np.arange(kind.pcm_hz // 50)
    frame = (8_000 * np.sin(2 * np.pi * 450 * at / kind.pcm_hz)).astype("<i2").tobytes()
    return [encoder.encode(frame) for _ in range(10)][-1]


def _packets(number: int, codec: CodecName, payload: bytes, key: SrtpKey | None) -> Iterator[bytes]:
    kind = CODECS[codec]
    cipher = None if key is None else SrtpOut(key)
    n = 0
    while True:
        timestamp = n * kind.clock_hz // 50 & 0xFFFFFFFF
        data = build_rtp(RtpPacket(kind.payload_type, n & 0xFFFF, timestamp, number + 1, payload))
        yield data if cipher is None else cipher.protect(data)
        n += 1


def _close(sessions: list[RtpSession]) -> None:
    for session in sessions:
        session.close()
