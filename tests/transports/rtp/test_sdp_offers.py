"""Offers of ours, and what comes of the answers."""

import pytest

from tests.transports.rtp.descriptions import FINGERPRINT, KEY, SOFTPHONE, TRUNK, negotiator
from vivavoce.transports.rtp.refusal import MediaRefused
from vivavoce.transports.rtp.security import Plain, Sdes


def test_an_offer_names_our_codecs_in_the_order_of_the_settings() -> None:
    text = negotiator(codecs=("pcma", "g722", "opus"), srtp="off").offer()

    assert "m=audio 20000 RTP/AVP 8 9 96 13 101 102\r\n" in text
    assert "a=rtpmap:96 opus/48000/2\r\n" in text
    assert "a=rtcp-mux\r\n" in text
    assert "crypto" not in text


@pytest.mark.parametrize(("srtp", "protocol"), [("optional", "AVP"), ("required", "SAVP")])
def test_an_offer_of_encryption_has_a_key_for_each_suite(srtp: str, protocol: str) -> None:
    text = negotiator(srtp=srtp).offer()

    assert f" RTP/{protocol} " in text
    assert text.count("a=crypto:") == 2


def test_the_answer_to_an_offer_says_how_it_goes() -> None:
    caller, called = negotiator(), negotiator(codecs=("pcmu",))

    answer, there = called.answer(caller.offer())
    here = caller.accept(answer)

    assert here.outgoing.codec.name == there.outgoing.codec.name == "pcmu"
    assert isinstance(here.security, Sdes)
    assert isinstance(there.security, Sdes)
    assert here.security.local == there.security.remote


def test_an_answer_without_a_key_to_an_offer_that_leaves_it_open_is_plain() -> None:
    caller = negotiator()
    caller.offer()

    assert caller.accept(TRUNK).security == Plain()


@pytest.mark.parametrize(
    ("answer", "changes"),
    [
        (TRUNK, {"srtp": "required"}),
        (TRUNK.replace("17392", "0"), {}),
        (TRUNK, {"codecs": ("g722",)}),
    ],
    ids=["no key", "declined", "another codec"],
)
def test_an_answer_that_does_not_fit_is_refused(answer: str, changes: dict[str, object]) -> None:
    caller = negotiator(**changes)
    caller.offer()

    with pytest.raises(MediaRefused):
        caller.accept(answer)


def test_an_answer_to_no_offer_is_refused() -> None:
    with pytest.raises(MediaRefused, match="no offer"):
        negotiator().accept(TRUNK)


def test_a_later_offer_of_ours_keeps_the_numbers_and_the_key_and_the_places() -> None:
    made = negotiator()
    first, _ = made.answer(SOFTPHONE + f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}\n")

    later = made.offer(direction="inactive")

    assert [line for line in later.split("\r\n") if line.startswith("m=")] == [
        "m=video 0 RTP/AVP 97",
        "m=audio 20000 RTP/AVP 96 9 0 13 98 100 99",
    ]
    key = next(line for line in first.split("\r\n") if "crypto" in line).split()[-1]
    assert key in later
    assert "a=inactive\r\n" in later


def test_a_later_offer_of_ours_keeps_the_handshake() -> None:
    made = negotiator()
    offer = TRUNK.replace("RTP/AVP", "UDP/TLS/RTP/SAVP") + FINGERPRINT
    _, plan = made.answer(offer + "a=setup:actpass\n")

    later = made.offer()
    accepted = made.accept(offer + "a=setup:passive\n")

    assert "m=audio 20000 UDP/TLS/RTP/SAVP 0 8 101\r\n" in later
    assert "a=setup:actpass\r\n" in later
    assert accepted.security == plan.security


def test_a_second_answer_replaces_the_first() -> None:
    made = negotiator()
    made.offer()

    made.accept(TRUNK)
    plan = made.accept(TRUNK.replace("17392", "9000"))

    assert plan.rtp_port == 9_000
