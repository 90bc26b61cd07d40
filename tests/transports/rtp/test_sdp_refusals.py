"""Descriptions that cannot be used, and the reasons we give."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transports.rtp.descriptions import (
    CRYPTO,
    FINGERPRINT,
    SECURE,
    SOFTPHONE,
    TRUNK,
    answered,
    negotiator,
)
from vivavoce.transports.rtp.refusal import MediaRefused


@pytest.mark.parametrize(
    ("offer", "status", "reason"),
    [
        ("", 400, "no session description"),
        ("hello", 400, "no session description"),
        ("v=0\nnonsense\n", 400, "not a line"),
        ("v=0\nm=audio x RTP/AVP 0\n", 400, "not a port"),
        ("v=0\nm=audio 4000 RTP/AVP 0\n", 400, "no address"),
        ("v=0\nc=IN IP9 x\nm=audio 4000 RTP/AVP 0\n", 400, "not an address"),
        ("v=0\n" + "m=audio 0 RTP/AVP 0\n" * 20, 400, "too many"),
        ("v=0\n" + "a=x\n" * 20_000, 400, "too long"),
        (TRUNK.replace("198.51.100.4\nt", "host.example.com\nt"), 488, "of one host"),
        (TRUNK.replace("IN IP4 198.51.100.4\nt", "IN IP6 2001:db8::1\nt"), 488, "reached"),
        (TRUNK.replace("198.51.100.4\nt", "239.1.1.1\nt"), 488, "of one host"),
        (TRUNK.replace("m=audio", "m=video"), 488, "no audio"),
        (TRUNK.replace("17392", "0"), 488, "declined"),
        (TRUNK.replace("RTP/AVP 0 8", "RTP/AVP 18 4"), 488, "no codec in common"),
        (TRUNK.replace("RTP/AVP", "TCP/RTP/AVP"), 488, "TCP/RTP/AVP"),
        (SECURE, 488, "without a key"),
        (SECURE + CRYPTO.splitlines()[0], 488, "without a key"),
        (SECURE + FINGERPRINT + "a=setup:holdconn", 488, "can't begin"),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_reason(offer: str, status: int, reason: str) -> None:
    with pytest.raises(MediaRefused) as refused:
        negotiator().answer(offer)

    assert refused.value.status == status
    assert reason in refused.value.reason
    assert "\n" not in refused.value.reason


def test_plain_media_is_refused_where_encryption_is_required() -> None:
    with pytest.raises(MediaRefused, match="only encrypted"):
        answered(TRUNK, srtp="required")


def test_encrypted_media_is_refused_where_it_is_off() -> None:
    with pytest.raises(MediaRefused, match="not taken"):
        answered(SECURE + CRYPTO, srtp="off")


@given(st.text(max_size=300), st.integers(0, len(SOFTPHONE)), st.integers(0, 40))
@settings(max_examples=300, deadline=None)
def test_no_text_raises_anything_but_a_refusal(text: str, at: int, n_cut: int) -> None:
    made = negotiator()
    for offer in (text, "v=0\n" + text, SOFTPHONE[:at] + text + SOFTPHONE[at + n_cut :]):
        try:
            answer, _ = made.answer(offer)
        except MediaRefused:
            continue
        assert answer.startswith("v=0\r\n")
