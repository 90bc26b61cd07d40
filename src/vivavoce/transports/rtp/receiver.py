"""From incoming packets to one unbroken line of 24 kHz sound in pieces of 20 ms.

The line begins with the first packet and never stops: what is lost is concealed, what is not sent
is silence or the other side's noise. It keeps step with real time without dropping speech: sound
that comes in a burst after a stall is kept, and the time is won back in long silences.
"""

from collections.abc import Callable, Mapping

import numpy as np
from msgspec import Struct

from vivavoce.media.pcm import BYTES_PER_MS, RATE_HZ
from vivavoce.transports.rtp.codecs import Codec, Decoder, n_samples, new_decoder
from vivavoce.transports.rtp.comfort_noise import ComfortNoise
from vivavoce.transports.rtp.jitter_buffer import Arrival, JitterBuffer, Lost, Silence
from vivavoce.transports.rtp.packets import RtpPacket
from vivavoce.transports.rtp.resampling import PieceResampler

FRAME_MS = 20
FRAME_BYTES = FRAME_MS * BYTES_PER_MS
STALL_CONCEALED_MS = 60.0
"""How long a stall sounds like the voice before it; then it is silence."""
FURTHEST_AHEAD_MS = 1_000.0
"""A line that gets more sound than time goes by drops it, beyond this."""
CATCHES_UP_FROM_MS = 60.0
LONGEST_PACKET_MS = 200
QUIET_AFTER_MS = 1_000.0
"""Silence is shortened only after this much of it: no end of a turn is told later."""
_QUIET_PEAK = 100
"""Of 32,768: -50 dB of full scale."""


class IncomingType(Struct, frozen=True):
    """What a payload type means: a codec, comfort noise, or telephone events."""

    codec: Codec | None = None
    """None: see `is_noise`."""
    is_noise: bool = False
    clock_hz: int = 8_000


class AudioReceiver:
    """Belongs to one call; no clock and no sockets: times are arguments."""

    def __init__(self, heard: Callable[[bytes], None]) -> None:
        """Begin a line.

        Args:
            heard: takes each piece of 20 ms: 960 bytes of 24 kHz 16-bit mono.
        """
        self.buffer = JitterBuffer()
        self.concealed_ms = 0.0
        """How much sound was invented."""
        self.dropped_ms = 0.0
        """How much sound there was no time for."""
        self._heard = heard
        self._types: Mapping[int, IncomingType] = {}
        self._codec: Codec | None = None
        self._ssrc: int | None = None
        self._decoder: Decoder | None = None
        self._resampler = PieceResampler(RATE_HZ, RATE_HZ)
        self._noise = ComfortNoise()
        self._unheard = bytearray()
        self._began_s: float | None = None
        self._line_ms = 0.0
        self._stalled_ms = 0.0
        self._quiet_ms = 0.0

    def set_types(self, types: Mapping[int, IncomingType]) -> None:
        """Say which payload types may come; those of before are forgotten."""
        self._types = types

    def push(self, packet: RtpPacket, now_s: float) -> bool:
        """Take a packet of a known type; return False for one that holds nothing to be heard."""
        arrival = self._arrival(packet)
        if arrival is None:
            return False
        if self._began_s is None:
            self._began_s = now_s
        self.buffer.push(arrival, now_s)
        self.advance(now_s)
        return True

    def advance(self, now_s: float) -> None:
        """Hear what is due; to be called every 20 ms, since silence announces itself by nothing."""
        for piece in self.buffer.take(now_s):
            match piece:
                case Arrival(kind="sound"):
                    self._stalled_ms = 0.0
                    self._play(piece, now_s)
                case Arrival(kind="noise"):
                    self._noise.describe(piece.packet.payload)
                case Arrival():
                    pass
                case Lost(ms, following):
                    self._conceal(ms, following)
                case Silence(ms, is_stall):
                    self._stay_silent(ms, is_stall, now_s)

    def _arrival(self, packet: RtpPacket) -> Arrival | None:
        kind = self._types.get(packet.payload_type)
        if kind is None:
            return None
        if kind.codec is None:
            return Arrival(packet, "noise" if kind.is_noise else "event", kind.clock_hz, 0.0)
        n = n_samples(kind.codec, packet.payload)
        if not n or n > LONGEST_PACKET_MS * kind.codec.pcm_hz // 1000:
            return None
        return Arrival(packet, "sound", kind.codec.clock_hz, n * 1000 / kind.codec.pcm_hz)

    def _change_to(self, codec: Codec, ssrc: int) -> None:
        self._ssrc = ssrc
        self._decoder = new_decoder(codec)
        if self._codec is None or codec.pcm_hz != self._codec.pcm_hz:
            self._resampler = PieceResampler(codec.pcm_hz, RATE_HZ)
        self._codec = codec

    def _play(self, arrival: Arrival, now_s: float) -> None:
        kind = self._types.get(arrival.packet.payload_type)
        if kind is None or kind.codec is None:
            return  # no longer agreed on
        if kind.codec is not self._codec or arrival.packet.ssrc != self._ssrc:
            self._change_to(kind.codec, arrival.packet.ssrc)
        assert self._decoder is not None
        sound = self._decoder.decode(arrival.packet.payload)
        if self._ahead_ms(now_s) > FURTHEST_AHEAD_MS:
            self.dropped_ms += arrival.duration_ms
            return
        if self._ahead_ms(now_s) > CATCHES_UP_FROM_MS and _is_quiet(sound):
            self._quiet_ms += arrival.duration_ms
            if self._quiet_ms > QUIET_AFTER_MS:
                return
        else:
            self._quiet_ms = 0.0
        self._append(sound, arrival.duration_ms)

    def _conceal(self, ms: float, following: Arrival) -> None:
        if self._decoder is None:
            return
        kind = self._types.get(following.packet.payload_type)
        is_same = kind is not None and kind.codec is self._codec
        n = round(ms * self._decoder.rate_hz / 1000)
        payload = following.packet.payload if is_same else None
        self._append(self._decoder.conceal(n, payload), ms)
        self.concealed_ms += ms

    def _stay_silent(self, ms: float, is_stall: bool, now_s: float) -> None:
        if self._decoder is None:
            return
        n = round(ms * self._decoder.rate_hz / 1000)
        if is_stall and self._stalled_ms < STALL_CONCEALED_MS:
            self._stalled_ms += ms
            self._append(self._decoder.conceal(n, None), ms)
            self.concealed_ms += ms
            return
        self._quiet_ms += ms
        if self._quiet_ms > QUIET_AFTER_MS and self._ahead_ms(now_s) > CATCHES_UP_FROM_MS:
            return
        self._append(self._noise.make(n), ms)

    def _append(self, sound: bytes, ms: float) -> None:
        self._line_ms += ms
        self._unheard += self._resampler.push(sound)
        while len(self._unheard) >= FRAME_BYTES:
            piece = bytes(self._unheard[:FRAME_BYTES])
            del self._unheard[:FRAME_BYTES]
            self._heard(piece)

    def _ahead_ms(self, now_s: float) -> float:
        """Return how much more sound there is than time went by."""
        began_s = now_s if self._began_s is None else self._began_s
        return self._line_ms - (now_s - began_s) * 1000


def _is_quiet(sound: bytes) -> bool:
    return (
        not sound or int(np.abs(np.frombuffer(sound, "<i2").astype(np.int32)).max()) < _QUIET_PEAK
    )
