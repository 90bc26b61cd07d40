"""Offers of well-known callers, and what we answer."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transports.rtp.calls import settings as rtp_settings
from vivavoce.transports.rtp.dtls import new_certificate
from vivavoce.transports.rtp.refusal import MediaRefused
from vivavoce.transports.rtp.sdp import LocalMedia, MediaPlan, Negotiator
from vivavoce.transports.rtp.security import Dtls, Plain, Sdes

KEY = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
LOCAL = LocalMedia(
    address="192.0.2.10",
    rtp_port=20_000,
    rtcp_port=20_001,
    fingerprint=new_certificate().fingerprint,
)
TRUNK = """v=0
o=root 1821393 1821393 IN IP4 198.51.100.4
s=Twilio Media Gateway
c=IN IP4 198.51.100.4
t=0 0
m=audio 17392 RTP/AVP 0 8 101
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a=ptime:20
a=maxptime:20
a=sendrecv
"""
SOFTPHONE = """v=0
o=alice 3418 1209 IN IP4 198.51.100.77
s=Talk
c=IN IP4 198.51.100.77
t=0 0
a=rtcp-xr:rcvr-rtt=all:10000 stat-summary=loss,dup,jitt,TTL voip-metrics
m=video 9078 RTP/AVP 97
a=rtpmap:97 VP8/90000
m=audio 7078 RTP/AVP 96 97 9 0 13 98 100 99
a=rtpmap:96 opus/48000/2
a=fmtp:96 useinbandfec=1;maxaveragebitrate=20000
a=rtpmap:97 speex/16000
a=rtpmap:98 telephone-event/48000
a=rtpmap:100 telephone-event/16000
a=rtpmap:99 telephone-event/8000
a=rtcp:7100 IN IP4 198.51.100.78
"""


def negotiator(**changes: object) -> Negotiator:
    return Negotiator(LOCAL, rtp_settings(**{"srtp": "optional", **changes}))


def answered(offer: str, **changes: object) -> tuple[list[str], MediaPlan]:
    text, plan = negotiator(**changes).answer(offer)
    assert text.endswith("\r\n")
    return text.split("\r\n"), plan


def test_a_trunk_is_answered_in_the_order_of_its_offer() -> None:
    lines, plan = answered(TRUNK)

    assert lines[3:] == [
        "c=IN IP4 192.0.2.10",
        "t=0 0",
        "m=audio 20000 RTP/AVP 0 8 101",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-16",
        "a=ptime:20",
        "a=rtcp:20001",
        "a=sendrecv",
        "",
    ]
    assert plan.outgoing.codec.name == "pcmu"
    assert plan.outgoing.event_type == 101
    assert (plan.host, plan.rtp_port, plan.rtcp_port) == ("198.51.100.4", 17_392, 17_393)
    assert plan.security == Plain()
    assert plan.may_send
    assert plan.may_receive


def test_a_softphone_speaks_opus_and_its_video_is_declined_in_its_place() -> None:
    lines, plan = answered(SOFTPHONE)

    assert [line for line in lines if line.startswith("m=")] == [
        "m=video 0 RTP/AVP 97",
        "m=audio 20000 RTP/AVP 96 9 0 13 98 100 99",
    ]
    assert plan.outgoing.codec.name == "opus"
    assert plan.outgoing.event_type == 98
    assert plan.outgoing.parameters["maxaveragebitrate"] == "20000"
    assert (plan.rtcp_host, plan.rtcp_port) == ("198.51.100.78", 7_100)
    assert plan.incoming[13].is_noise


def test_payload_types_without_a_map_are_known() -> None:
    lines, plan = answered("v=0\nc=IN IP4 198.51.100.4\nm=audio 4000 RTP/AVP 18 9 8\n")

    assert "m=audio 20000 RTP/AVP 9 8" in lines
    assert plan.outgoing.codec.name == "g722"
    assert plan.outgoing.event_type is None


def test_only_the_codecs_of_the_settings_are_spoken() -> None:
    lines, _ = answered(TRUNK, codecs=("pcma",))

    assert "m=audio 20000 RTP/AVP 8 101" in lines


@pytest.mark.parametrize(
    ("lines", "packet_ms"),
    [
        ("", 20),
        ("a=ptime:10\n", 10),
        ("a=ptime:30\n", 20),
        ("a=ptime:40\n", 40),
        ("a=ptime:200\n", 60),
        ("a=ptime:40\na=maxptime:20\n", 20),
        ("a=ptime:x\n", 20),
        ("a=ptime:0\n", 10),
    ],
)
def test_packets_are_as_long_as_the_caller_likes_them(lines: str, packet_ms: int) -> None:
    offer = TRUNK.replace("a=ptime:20\na=maxptime:20\n", lines)

    assert answered(offer)[1].outgoing.packet_ms == packet_ms


@pytest.mark.parametrize(
    ("offered", "ours", "said", "sends", "receives"),
    [
        ("sendrecv", "sendrecv", "sendrecv", True, True),
        ("sendonly", "sendrecv", "recvonly", False, True),
        ("recvonly", "sendrecv", "sendonly", True, False),
        ("inactive", "sendrecv", "inactive", False, False),
        ("sendrecv", "sendonly", "sendonly", True, False),
        ("sendonly", "sendonly", "inactive", False, False),
        ("sendrecv", "inactive", "inactive", False, False),
    ],
)
def test_hold_is_answered_by_its_mirror(
    offered: str, ours: str, said: str, sends: bool, receives: bool
) -> None:
    text, plan = negotiator().answer(TRUNK.replace("sendrecv", offered), direction=ours)

    assert f"a={said}\r\n" in text
    assert (plan.may_send, plan.may_receive) == (sends, receives)


def test_the_direction_of_the_whole_description_counts_when_the_media_has_none() -> None:
    offer = TRUNK.replace("a=sendrecv\n", "").replace("t=0 0\n", "t=0 0\na=inactive\n")

    assert not answered(offer)[1].may_send


def test_rtcp_goes_the_same_way_where_both_can() -> None:
    lines, plan = answered(TRUNK + "a=rtcp-mux\n")

    assert "a=rtcp-mux" in lines
    assert plan.is_muxed
    assert plan.rtcp_port == plan.rtp_port


def test_a_later_offer_raises_the_version_only_when_the_answer_changes() -> None:
    made = negotiator()

    versions = [
        made.answer(offer)[0].split("\r\n")[1].split()[2]
        for offer in (TRUNK, TRUNK, TRUNK.replace("sendrecv", "inactive"), TRUNK)
    ]

    assert versions == ["1", "1", "2", "3"]


def test_a_later_offer_may_come_from_another_address() -> None:
    made = negotiator()
    made.answer(TRUNK)

    _, plan = made.answer(TRUNK.replace("198.51.100.4", "203.0.113.5").replace("17392", "9000"))

    assert (plan.host, plan.rtp_port) == ("203.0.113.5", 9_000)


# --- encryption ---------------------------------------------------------------------------------

SECURE = TRUNK.replace("RTP/AVP", "RTP/SAVP")
CRYPTO = (
    f"a=crypto:1 F8_128_HMAC_SHA1_80 inline:{KEY}\n"
    f"a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:{KEY}|2^31\n"
    f"a=crypto:3 AES_CM_128_HMAC_SHA1_80 inline:{KEY}\n"
)
FINGERPRINT = "a=fingerprint:sha-256 " + ":".join(["AB"] * 32) + "\n"


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


# --- what can't be used -------------------------------------------------------------------------


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


# --- offers of ours -----------------------------------------------------------------------------


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
