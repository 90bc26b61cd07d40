"""Offers of well-known callers, and what we answer."""

import pytest

from tests.transports.rtp.descriptions import SOFTPHONE, TRUNK, answered, negotiator
from vivavoce.transports.rtp.security import Plain


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
