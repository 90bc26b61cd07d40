"""What we read and write of session descriptions ourselves."""

import pytest

from vivavoce.errors import ProtocolError
from vivavoce.transports.webrtc.sdp import check_offer, complete_answer

OFFER = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"
ANSWER = "\r\n".join(
    [
        "v=0",
        "m=audio 50000 UDP/TLS/RTP/SAVPF 111",
        "c=IN IP4 10.0.0.2",
        "a=candidate:1 1 udp 2122194687 10.0.0.2 50000 typ host generation 0 network-id 1",
        "a=candidate:2 1 udp 2122265343 fd00::2 50001 typ host generation 0 network-id 2",
        "a=candidate:3 1 tcp 1518214911 10.0.0.2 9 typ host tcptype active generation 0",
        "a=ice-ufrag:x",
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
        "a=mid:1",
        "",
    ]
)


@pytest.mark.parametrize(
    ("offer", "words"),
    [
        ("", "no SDP"),
        ("hello", "begin with 'v=0'"),
        ("v=0\r\ns=-\r\n", "neither sound nor a data channel"),
        (OFFER.replace("audio", "video"), "neither sound nor a data channel"),
        (OFFER + "a=x\r\n" * 20_000, "too long"),
    ],
)
def test_what_is_no_offer_is_refused_in_words(offer: str, words: str) -> None:
    with pytest.raises(ProtocolError, match=words) as refused:
        check_offer(offer)
    assert refused.value.code == "invalid_offer"
    assert refused.value.param == "sdp"


def test_an_offer_with_sound_or_data_is_looked_at_further() -> None:
    check_offer(OFFER)
    check_offer(OFFER.replace("audio", "application").replace("\r\n", "\n"))


def test_an_answer_keeps_its_candidates_and_says_that_they_are_all() -> None:
    completed = complete_answer(ANSWER, ()).split("\r\n")
    assert [line for line in ANSWER.split("\r\n") if line.startswith("a=candidate")] == [
        line for line in completed if line.startswith("a=candidate")
    ]
    assert completed.count("a=end-of-candidates") == 1
    assert completed.index("a=end-of-candidates") < completed.index(
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel"
    )
    assert completed[-1] == ""


def test_advertised_addresses_replace_the_machines_own_of_their_family() -> None:
    completed = complete_answer(ANSWER, ("203.0.113.7", "2001:db8::1", "192.168.1.5"))
    candidates = [line for line in completed.split("\r\n") if line.startswith("a=candidate")]
    assert [line.split()[4:6] for line in candidates] == [
        ["203.0.113.7", "50000"],
        ["2001:db8::1", "50001"],
        ["192.168.1.5", "50000"],
    ]
    assert len({line.split()[0] for line in candidates}) == 3  # foundations differ
