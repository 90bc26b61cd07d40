"""Two sessions talk over real sockets."""

import asyncio

import pytest

from tests.transports.rtp.calls import (
    LEVEL,
    Ear,
    StillClock,
    call,
    delivered,
    level_of,
    pitch_hz,
    settings,
    tone,
)
from vivavoce.errors import ConfigError, EngineError
from vivavoce.transports.rtp.dtmf import DigitEnded, DigitHeard
from vivavoce.transports.rtp.packets import RtpPacket, build_rtp
from vivavoce.transports.rtp.refusal import MediaRefused
from vivavoce.transports.rtp.session import RtpEndpoint

CODECS = ("opus", "g722", "pcmu", "pcma")
SKIPPED_MS = 200  # until the coder has settled


@pytest.mark.parametrize("codec", CODECS)
async def test_a_tone_arrives_at_the_other_side_with_its_pitch_and_level(codec: str) -> None:
    async with call(settings(codecs=(codec,)), settings(codecs=(codec,))) as both:
        both.agree()

        await both.talk(100, caller=tone(440), called=tone(700))

        heard = both.called_ear.samples(SKIPPED_MS)
        assert both.called.statistics().codec == codec
        assert pitch_hz(heard) == pytest.approx(440, abs=2)
        assert level_of(heard) == pytest.approx(LEVEL, rel=0.1)
        assert pitch_hz(both.caller_ear.samples(SKIPPED_MS)) == pytest.approx(700, abs=2)
        assert len(both.called_ear.heard) == 100
        assert both.called.statistics().concealed_ms == 0


@pytest.mark.parametrize(
    ("srtp", "secure"), [("optional", True), ("required", True), ("off", False)]
)
async def test_media_is_encrypted_with_keys_of_the_signalling(srtp: str, secure: bool) -> None:
    async with call(settings(srtp=srtp), settings(srtp=srtp)) as both:
        both.agree()

        await both.talk(50, caller=tone(440))

        assert both.called.statistics().is_encrypted is secure
        assert both.caller.statistics().is_encrypted is secure
        assert pitch_hz(both.called_ear.samples(SKIPPED_MS)) == pytest.approx(440, abs=3)


async def test_both_sides_of_a_handshake_hear_each_other() -> None:
    async with call(settings(srtp="optional"), settings(srtp="required")) as both:
        offer = _with_handshake(both.caller.offer(), both.caller.local.fingerprint, "actpass")

        both.caller.answer(both.called.answer(offer))
        await both.talk(60, caller=tone(440), called=tone(600))

        assert both.called.statistics().is_encrypted
        assert pitch_hz(both.called_ear.samples(SKIPPED_MS)) == pytest.approx(440, abs=3)
        assert pitch_hz(both.caller_ear.samples(SKIPPED_MS)) == pytest.approx(600, abs=3)


async def test_a_stranger_with_another_certificate_gets_no_keys() -> None:
    async with call(settings(srtp="optional"), settings(srtp="required")) as both:
        wrong = both.caller.local.fingerprint[:-2] + "00"
        offer = _with_handshake(both.caller.offer(), wrong, "actpass")

        both.caller.answer(both.called.answer(offer))
        await both.talk(20, caller=tone(440))

        assert both.called_ear.heard == []
        assert both.called_ear.losses == ["the certificate is not the one that was announced"]


async def test_keys_pressed_are_told_once_each_and_are_not_heard() -> None:
    async with call() as both:
        both.agree()
        await both.talk(10, caller=tone(440))

        both.caller.press("15#")
        assert not both.caller.is_playing
        await both.talk(60, caller=tone(440))

        digits = both.called_ear.digits
        assert [d.digit for d in digits if isinstance(d, DigitHeard)] == ["1", "5", "#"]
        assert [d for d in digits if isinstance(d, DigitEnded)] == [
            DigitEnded(digit=digit, duration_ms=100) for digit in "15#"
        ]
        assert both.caller.is_playing
        assert len(both.called_ear.heard) >= 65
        assert both.called.statistics().n_lost == 0


@pytest.mark.parametrize(("first", "second"), [("pcmu", "g722"), ("pcma", "opus")])
async def test_another_codec_is_heard_in_the_middle_of_a_stream(first: str, second: str) -> None:
    async with call(settings(codecs=(first, second)), settings(codecs=(first, second))) as both:
        both.agree()
        await both.talk(50, caller=tone(440))

        both.called.accept(both.caller.answer(_reordered(both.called.offer())))
        await both.talk(50, caller=tone(600))

        assert both.caller.statistics().codec == second
        assert pitch_hz(both.called_ear.samples(1_200)) == pytest.approx(600, abs=4)
        assert 98 <= len(both.called_ear.heard) <= 101


async def test_one_on_hold_is_sent_nothing_and_the_line_stays_unbroken() -> None:
    async with call() as both:
        both.agree()
        await both.talk(20, caller=tone(440), called=tone(440))

        both.caller.accept(both.called.answer(both.caller.offer(direction="sendonly")))
        n_sent = both.called.statistics().n_sent
        await both.talk(50, caller=tone(440), called=tone(440))
        assert not both.called.is_playing
        assert both.called.statistics().n_sent == n_sent

        both.caller.accept(both.called.answer(both.caller.offer()))
        await both.talk(50, caller=tone(440), called=tone(700))
        assert both.called.is_playing
        assert pitch_hz(both.caller_ear.samples(1_600)) == pytest.approx(700, abs=4)
        assert 115 <= len(both.caller_ear.heard) <= 121


async def test_the_old_way_of_holding_is_understood() -> None:
    async with call() as both:
        both.agree()
        await both.talk(5)

        both.called.answer(both.caller.offer().replace("c=IN IP4 127.0.0.1", "c=IN IP4 0.0.0.0"))

        assert not both.called.is_playing
        await both.talk(2_000)
        assert both.called_ear.losses == []
        assert both.called.statistics().remote == f"127.0.0.1:{both.caller.local.rtp_port}"


async def test_calls_go_over_ipv6_too() -> None:
    async with call(settings(host="::1"), settings(host="::1")) as both:
        both.agree()

        await both.talk(50, caller=tone(440))

        assert "c=IN IP6 ::1" in both.caller.offer()
        assert pitch_hz(both.called_ear.samples(SKIPPED_MS)) == pytest.approx(440, abs=3)


async def test_a_hold_of_ours_keeps_the_keys_of_a_handshake() -> None:
    async with call(settings(srtp="optional"), settings(srtp="required")) as both:
        offer = _with_handshake(both.caller.offer(), both.caller.local.fingerprint, "actpass")
        both.caller.answer(both.called.answer(offer))
        await both.talk(10)

        for direction in ("inactive", "sendrecv"):
            both.called.accept(both.caller.answer(both.called.offer(direction=direction)))
            await both.talk(40, caller=tone(440))

        assert both.called.is_playing
        assert pitch_hz(both.called_ear.samples(1_200)) == pytest.approx(440, abs=3)


async def test_a_new_source_of_the_stream_is_heard() -> None:
    async with call() as both:
        both.agree()
        await both.talk(50, caller=tone(440))
        async with call() as another:
            another.caller.accept(both.called.answer(another.caller.offer()))
            another.clock.now_s = both.clock.now_s
            both.caller.close()

            for n in range(60):
                both.clock.now_s += 0.02
                both.called.hear()
                another.caller.play(tone(700)(n))
                both.called.play(bytes(960))
                await delivered()

        assert pitch_hz(both.called_ear.samples(1_300)) == pytest.approx(700, abs=4)
        assert 106 <= len(both.called_ear.heard) <= 111


async def test_a_caller_behind_a_router_is_answered_where_its_packets_come_from() -> None:
    async with call() as both:
        offer = both.caller.offer()
        wrong = offer.replace(f"m=audio {both.caller.local.rtp_port}", "m=audio 9")
        both.caller.accept(both.called.answer(wrong))

        await both.talk(50, caller=tone(440), called=tone(700))

        assert both.called.statistics().remote == f"127.0.0.1:{both.caller.local.rtp_port}"
        assert pitch_hz(both.caller_ear.samples(SKIPPED_MS)) == pytest.approx(700, abs=4)


async def test_a_stranger_does_not_take_over_a_call_that_is_alive() -> None:
    async with call() as both:
        both.agree()
        await both.talk(10, caller=tone(440))
        loop = asyncio.get_running_loop()
        stranger, _ = await loop.create_datagram_endpoint(
            asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0)
        )
        packets = [build_rtp(RtpPacket(96, n, 960 * n, 7, b"\xff" * 40)) for n in range(30)]

        for packet in packets:
            stranger.sendto(packet, ("127.0.0.1", both.called.local.rtp_port))
            await both.talk(1, caller=tone(440))
        stranger.close()

        assert both.called.statistics().remote == f"127.0.0.1:{both.caller.local.rtp_port}"
        assert both.called.statistics().n_refused == 30


async def test_a_forged_packet_moves_no_encrypted_call() -> None:
    async with call(settings(srtp="required"), settings(srtp="required")) as both:
        both.agree()
        await both.talk(10, caller=tone(440))
        loop = asyncio.get_running_loop()
        stranger, _ = await loop.create_datagram_endpoint(
            asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0)
        )

        for n in range(10):
            forged = build_rtp(RtpPacket(96, n, 960 * n, 7, bytes(50)))
            stranger.sendto(forged, ("127.0.0.1", both.called.local.rtp_port))
        await both.talk(30)
        stranger.close()

        assert both.called.statistics().remote == f"127.0.0.1:{both.caller.local.rtp_port}"


async def test_reports_tell_both_sides_how_the_other_fares() -> None:
    async with call() as both:
        both.agree()

        await both.talk(1_000)

        assert both.caller.statistics().peer_loss == 0
        assert both.caller.statistics().round_trip_ms == pytest.approx(0, abs=41)
        assert both.called.statistics().n_lost == 0


@pytest.mark.parametrize("srtp", ["off", "required"])
async def test_reports_go_over_a_port_of_their_own_where_they_must(srtp: str) -> None:
    async with call(settings(srtp=srtp), settings(srtp=srtp)) as both:
        offer = both.caller.offer().replace("a=rtcp-mux\r\n", "")
        both.caller.accept(both.called.answer(offer))

        await both.talk(1_000)

        assert both.caller.statistics().peer_loss == 0
        assert both.called.statistics().peer_loss == 0


async def test_a_caller_who_falls_silent_for_good_is_told_once() -> None:
    async with call(settings(), settings(silence_timeout_s=1)) as both:
        both.agree()
        await both.talk(10)
        both.caller.close()

        await both.talk(120)

        assert both.called_ear.losses == ["no media came"]
        assert 125 <= len(both.called_ear.heard) <= 130


async def test_garbage_is_passed_over() -> None:
    async with call() as both:
        both.agree()
        loop = asyncio.get_running_loop()
        stranger, _ = await loop.create_datagram_endpoint(
            asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0)
        )
        garbage = [b"", b"\x80", b"\x80\xc8", bytes(12), b"\x16" * 60, b"\xff" * 1_400, b"\x00\x01"]

        for data in garbage * 3:
            for port in (both.called.local.rtp_port, both.called.local.rtcp_port):
                stranger.sendto(data, ("127.0.0.1", port))
        await both.talk(10, caller=tone(440))
        stranger.close()

        assert len(both.called_ear.heard) >= 9


async def test_a_refused_change_leaves_the_call_as_it_was() -> None:
    async with call() as both:
        both.agree()
        plan = both.called.plan

        with pytest.raises(MediaRefused) as refused:
            both.called.answer(both.caller.offer().replace("RTP/AVP", "RTP/SAVP"))

        assert refused.value.status == 488
        assert both.called.plan is plan


async def test_a_goodbye_is_noticed() -> None:
    async with call() as both:
        both.agree()
        await both.talk(10)

        both.caller.close()
        await delivered()

        assert both.called.statistics().has_left


async def test_ports_are_given_back_and_more_than_there_are_is_refused() -> None:
    endpoint = RtpEndpoint(settings(first_port=15_001, last_port=15_003), StillClock())
    session = await endpoint.open(Ear(), "127.0.0.1")

    with pytest.raises(EngineError, match="no media port"):
        await endpoint.open(Ear(), "127.0.0.1")
    session.close()
    session.close()
    await delivered()
    again = await endpoint.open(Ear(), "127.0.0.1")
    again.close()
    await delivered()

    assert session.local.rtp_port == again.local.rtp_port == 15_002


async def test_the_address_of_ours_that_leads_to_the_caller_is_told() -> None:
    endpoint = RtpEndpoint(settings(host="0.0.0.0"), StillClock())
    named = RtpEndpoint(settings(host="0.0.0.0", advertised_address="192.0.2.9"), StillClock())

    sessions = [await one.open(Ear(), "127.0.0.1") for one in (endpoint, named)]

    assert [session.local.address for session in sessions] == ["127.0.0.1", "192.0.2.9"]
    for session in sessions:
        session.close()
    await delivered()


@pytest.mark.parametrize(
    "changes", [{"advertised_address": "me"}, {"first_port": 5_000, "last_port": 5_000}]
)
def test_settings_that_cannot_work_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        RtpEndpoint(settings(**changes), StillClock())


def _with_handshake(offer: str, fingerprint: str, setup: str) -> str:
    lines = [line for line in offer.splitlines() if not line.startswith("a=crypto")]
    text = "\r\n".join([*lines, f"a=fingerprint:{fingerprint}", f"a=setup:{setup}", ""])
    return text.replace("RTP/AVP", "UDP/TLS/RTP/SAVP")


def _reordered(offer: str) -> str:
    """Return the offer with its second codec in front."""
    lines = offer.splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith("m="))
    words = lines[at].split()
    words[3], words[4] = words[4], words[3]
    lines[at] = " ".join(words)
    return "\r\n".join([*lines, ""])
