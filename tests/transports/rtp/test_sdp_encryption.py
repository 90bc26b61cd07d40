"""Keys and fingerprints in the descriptions of callers."""

import pytest

from tests.transports.rtp.descriptions import (
    CRYPTO,
    FINGERPRINT,
    KEY,
    LOCAL,
    SECURE,
    TRUNK,
    answered,
    negotiator,
)
from vivavoce.transports.rtp.security import Dtls, Plain, Sdes


def test_the_first_key_that_can_be_used_is_answered_with_ours() -> None:
    lines, plan = answered(SECURE + CRYPTO)

    (crypto,) = (line for line in lines if line.startswith("a=crypto"))
    assert crypto.startswith("a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:")
    assert "m=audio 20000 RTP/SAVP 0 8 101" in lines
    assert isinstance(plan.security, Sdes)
    assert KEY not in crypto


def test_our_key_stays_the_same_in_a_call() -> None:
    made = negotiator()

    plans = [made.answer(SECURE + CRYPTO)[1] for _ in range(2)]

    assert plans[0].security == plans[1].security


def test_a_key_beside_plain_media_is_used() -> None:
    lines, plan = answered(TRUNK + CRYPTO)

    assert isinstance(plan.security, Sdes)
    assert "m=audio 20000 RTP/AVP 0 8 101" in lines


def test_a_key_beside_plain_media_is_passed_over_where_encryption_is_off() -> None:
    lines, plan = answered(TRUNK + CRYPTO, srtp="off")

    assert plan.security == Plain()
    assert not any(line.startswith("a=crypto") for line in lines)


@pytest.mark.parametrize(
    ("setup", "answer", "is_client"),
    [
        ("actpass", "active", True),
        ("active", "passive", False),
        ("passive", "active", True),
    ],
)
@pytest.mark.parametrize("protocol", ["UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP", "RTP/SAVP"])
def test_a_fingerprint_is_answered_with_ours(
    protocol: str, setup: str, answer: str, is_client: bool
) -> None:
    offer = TRUNK.replace("RTP/AVP", protocol) + FINGERPRINT + f"a=setup:{setup}\n"

    lines, plan = answered(offer)

    assert f"a=setup:{answer}" in lines
    assert f"a=fingerprint:{LOCAL.fingerprint}" in lines
    assert plan.security == Dtls(("sha-256 " + ":".join(["AB"] * 32),), is_client)


def test_a_fingerprint_of_the_whole_description_counts() -> None:
    offer = SECURE.replace("t=0 0\n", f"t=0 0\n{FINGERPRINT}a=setup:active\n")

    assert isinstance(answered(offer)[1].security, Dtls)
