from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.transports.rtp.packets import RtpPacket, build_rtp
from vivavoce.transports.rtp.rtcp import build_goodbye
from vivavoce.transports.rtp.sdes import SrtpKey, Suite, crypto_value, new_key, parse_crypto
from vivavoce.transports.rtp.srtp import SrtpIn, SrtpOut

SUITES: tuple[Suite, ...] = get_args(Suite)
RTP = build_rtp(RtpPacket(0, 1, 160, 7, b"sound" * 30))
# Key of RFC 4568, section 6.1.
KEY = "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"


@pytest.mark.parametrize("suite", SUITES)
def test_a_packet_comes_out_as_it_went_in_and_only_once(suite: Suite) -> None:
    key = new_key(suite)
    sender, receiver = SrtpOut(key), SrtpIn(key)

    secret = sender.protect(RTP)

    assert secret[12:40] != RTP[12:40]
    assert receiver.unprotect(secret) == RTP
    assert receiver.unprotect(secret) is None
    assert receiver.unprotect_rtcp(sender.protect_rtcp(build_goodbye(7, "x"))) is not None


def test_another_key_and_a_changed_packet_open_nothing() -> None:
    key = new_key("AES_CM_128_HMAC_SHA1_80")
    secret = SrtpOut(key).protect(RTP)

    assert SrtpIn(new_key("AES_CM_128_HMAC_SHA1_80")).unprotect(secret) is None
    assert SrtpIn(key).unprotect(secret[:-1] + bytes([secret[-1] ^ 1])) is None


@given(st.binary(max_size=1_600))
def test_no_bytes_raise(data: bytes) -> None:
    receiver = SrtpIn(SrtpKey("AES_CM_128_HMAC_SHA1_80", bytes(30)))

    assert receiver.unprotect(data) is None
    assert receiver.unprotect_rtcp(data) is None


@pytest.mark.parametrize("suite", SUITES)
def test_a_key_is_read_as_it_was_written(suite: Suite) -> None:
    key = new_key(suite)

    assert parse_crypto(crypto_value("3", key)) == ("3", key)


def test_a_key_is_not_shown() -> None:
    assert repr(new_key("AES_CM_128_HMAC_SHA1_80")) == "SrtpKey(AES_CM_128_HMAC_SHA1_80, secret)"


@pytest.mark.parametrize(
    "value",
    [
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^20",
        f"1 AES_CM_128_HMAC_SHA1_32 inline:{KEY}|2^31 WSH=128 KDR=0",
    ],
)
def test_what_asks_for_nothing_special_is_taken(value: str) -> None:
    parsed = parse_crypto(value)

    assert parsed is not None
    assert len(parsed[1].key) == 30


@pytest.mark.parametrize(
    "value",
    [
        "",
        "1",
        "1 AES_CM_128_HMAC_SHA1_80",
        "x AES_CM_128_HMAC_SHA1_80 inline:" + KEY,
        f"1 F8_128_HMAC_SHA1_80 inline:{KEY}",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY[:-4]}",
        "1 AES_CM_128_HMAC_SHA1_80 inline:!" + KEY,
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^20|1:4",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} UNENCRYPTED_SRTP",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} KDR=1",
        f"1 AES_CM_128_HMAC_SHA1_80 inline:{KEY};inline:{KEY}",
    ],
)
def test_what_would_change_the_packets_is_not(value: str) -> None:
    assert parse_crypto(value) is None
