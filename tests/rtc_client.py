"""A caller: a WebRTC client as a browser is one, by libwebrtc."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import msgspec
import numpy as np
import webrtc
import wrtc  # type: ignore[import-not-found]  # its stub is not marked as typed

from vivavoce.media.resample import Resampler

webrtc.allow_loopback()

Event = dict[str, object]
RATE_HZ = 48_000
FRAME_S = 0.020
LOUD = 300
"""Samples above it are sound; what Opus makes of silence stays far below."""


def tone(hz: float, seconds: float, amplitude: int = 8_000) -> bytes:
    """Return a sine, 48 kHz 16-bit mono."""
    times = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    return (amplitude * np.sin(2 * np.pi * hz * times)).astype("<i2").tobytes()


def frequency(sound: bytes) -> float:
    """Return the strongest frequency of 48 kHz 16-bit sound."""
    samples = np.frombuffer(sound, "<i2").astype(float)
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * RATE_HZ / len(samples))


@dataclass
class Caller:
    """One end of a call; made by `calling`."""

    connection: webrtc.RTCPeerConnection
    channel: webrtc.RTCDataChannel | None
    microphone: webrtc.MediaStreamTrackGenerator | None
    events: asyncio.Queue[Event] = field(default_factory=asyncio.Queue)
    seen: list[Event] = field(default_factory=list)
    heard: bytearray = field(default_factory=bytearray)
    """All that came, 48 kHz mono."""
    is_open: asyncio.Event = field(default_factory=asyncio.Event)
    is_closed: asyncio.Event = field(default_factory=asyncio.Event)
    streams: list[webrtc.MediaStream] = field(default_factory=list)
    listens: bool = True
    """Whether it takes its sound; a crowd that only makes work need not."""
    call_id: str = ""
    answer: str = ""
    _ear: wrtc.MediaStreamTrackProcessor | None = None
    _resampler: tuple[int, Resampler] | None = None
    _to_say: bytearray = field(default_factory=bytearray)

    def say(self, sound: bytes) -> None:
        """Speak after what is being said; 48 kHz 16-bit mono."""
        self._to_say += sound

    @property
    def is_speaking(self) -> bool:
        return bool(self._to_say)

    def send(self, event: Event) -> None:
        assert self.channel is not None
        self.channel.send(msgspec.json.encode(event).decode())

    async def received(self, kind: str, timeout_s: float = 10) -> Event:
        """Wait for the next event of a type; those before it are skipped."""
        async with asyncio.timeout(timeout_s):
            while (event := await self.events.get())["type"] != kind:
                pass
        return event

    async def hears(self, seconds: float = 0.2, timeout_s: float = 10) -> bytes:
        """Wait for sound that is not silence; return it from its first loud sample on."""
        n_bytes = int(seconds * RATE_HZ) * 2
        async with asyncio.timeout(timeout_s):
            while True:
                samples = np.frombuffer(bytes(self.heard), "<i2")
                loud = np.flatnonzero(np.abs(samples) > LOUD)
                if len(loud) and len(self.heard) >= 2 * loud[0] + n_bytes:
                    return bytes(self.heard[2 * loud[0] : 2 * loud[0] + n_bytes])
                await asyncio.sleep(FRAME_S)

    def loud_ms(self) -> float:
        """How long it heard sound, from the first loud sample to the last."""
        loud = np.flatnonzero(np.abs(np.frombuffer(bytes(self.heard), "<i2")) > LOUD)
        return (loud[-1] - loud[0]) * 1000 / RATE_HZ if len(loud) else 0.0

    async def run(self) -> None:
        """Speak and listen, every 20 ms, until cancelled."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        n_bytes = int(FRAME_S * RATE_HZ) * 2
        while True:
            if self.microphone is not None:
                frame = bytes(self._to_say[:n_bytes]).ljust(n_bytes, b"\0")
                del self._to_say[:n_bytes]
                self.microphone._generator.writeAudio(frame, RATE_HZ, 1, n_bytes // 2)
            while self._ear is not None and (frame_in := self._ear.read()) is not None:
                self.heard += self._at_our_rate(frame_in[0], frame_in[2])
            due += FRAME_S
            await asyncio.sleep(max(0.0, due - loop.time()))

    def _at_our_rate(self, sound: bytes, rate_hz: int) -> bytes:
        if self._resampler is None or self._resampler[0] != rate_hz:
            self._resampler = (rate_hz, Resampler(rate_hz, RATE_HZ))
        return self._resampler[1].push(sound)

    def _listen(self, event: webrtc.RTCTrackEvent) -> None:
        self.streams = event.streams
        if self.listens:
            self._ear = wrtc.MediaStreamTrackProcessor(event.track._native_obj, 500)

    def _take(self, event: webrtc.MessageEvent) -> None:
        assert isinstance(event.data, str)
        decoded: Event = msgspec.json.decode(event.data)
        self.seen.append(decoded)
        self.events.put_nowait(decoded)


def new_caller(*, microphone: bool = True, voice: bool = True, channel: bool = True) -> Caller:
    """Return a caller that has not called yet."""
    # Nobody encrypts header extensions, so that a relay can read how loud a packet is.
    policy = webrtc.RTCRtpHeaderEncryptionPolicy.disable
    configuration = webrtc.RTCConfiguration(rtp_header_encryption_policy=policy)
    connection = webrtc.RTCPeerConnection(configuration)
    mouth = webrtc.MediaStreamTrackGenerator("audio") if microphone else None
    if mouth is not None:
        connection.add_track(mouth, webrtc.MediaStream())
    elif voice:
        connection.add_transceiver("audio", webrtc.RTCRtpTransceiverInit(direction="recvonly"))
    events = connection.create_data_channel("oai-events") if channel else None
    caller = Caller(connection, events, mouth)
    connection.on("track", caller._listen)
    if events is not None:
        events.on("open", lambda _: caller.is_open.set())
        events.on("close", lambda _: caller.is_closed.set())
        events.on("message", caller._take)
    return caller


async def offer_of(caller: Caller) -> str:
    """Return its offer, posted as browsers do: before any candidate is known."""
    await caller.connection.set_local_description(await caller.connection.create_offer())
    assert caller.connection.local_description is not None
    return caller.connection.local_description.sdp


async def accept(caller: Caller, answer: str) -> None:
    """Take the answer; the connection builds up by itself."""
    caller.answer = answer
    await caller.connection.set_remote_description(
        webrtc.RTCSessionDescriptionInit(type="answer", sdp=answer)
    )


@asynccontextmanager
async def calling(
    http: aiohttp.ClientSession,
    url: str,
    *,
    caller: Caller | None = None,
    headers: dict[str, str] | None = None,
    opens: bool = True,
) -> AsyncIterator[Caller]:
    """Call an address with a bare offer; hang up when the block is left.

    `url` is whole, with its query. With `opens` the data channel is open at the start of the block.
    """
    caller = caller or new_caller()
    try:
        async with http.post(
            url,
            data=await offer_of(caller),
            headers={"Content-Type": "application/sdp", **(headers or {})},
        ) as response:
            answer = await response.text()
            assert response.status == 201, answer
            caller.call_id = response.headers["Location"].rsplit("/", 1)[-1]
        await accept(caller, answer)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(caller.run())
            if opens and caller.channel is not None:
                async with asyncio.timeout(10):
                    await caller.is_open.wait()
            yield caller
            running.cancel()
    finally:
        caller.connection.close()
