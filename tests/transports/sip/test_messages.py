import pytest

from vivavoce.transports.sip.addresses import Hop, UnknownAddress, hop_of, is_behind_translation
from vivavoce.transports.sip.dialog import Dialog
from vivavoce.transports.sip.messages import (
    Header,
    MalformedMessage,
    is_plain_uri,
    read_headers,
    read_message,
    sdp_of,
    tag_of,
    uri_of,
)

INVITE = (
    "INVITE sip:a@b SIP/2.0\r\nv: SIP/2.0/UDP 1.2.3.4;branch=z9hG4bKx\r\nf: <sip:c@d>;tag=1\r\n"
    "t: <sip:a@b>\r\ni: 7\r\nCSeq: 1 INVITE\r\nm: <sip:c@1.2.3.4>\r\n"
)


@pytest.mark.parametrize(
    ("address", "tag", "uri"),
    [
        ("<sip:a@b>;tag=x", "x", "sip:a@b"),
        (
            '"Ann <sip:no@no>;tag=no" <sip:a@b;transport=tcp> ; Tag = x;y',
            "x",
            "sip:a@b;transport=tcp",
        ),
        (r'"An \" <n" <sip:a@b>', None, "sip:a@b"),
        ("sip:a@b;tag=x", "x", "sip:a@b"),
        ("<sip:a@b;tag=no>", None, "sip:a@b;tag=no"),
        ("", None, ""),
    ],
)
def test_tags_and_uris_are_found_behind_any_name(address: str, tag: str | None, uri: str) -> None:
    assert (tag_of(address), uri_of(address)) == (tag, uri)


def test_short_header_names_are_understood_also_those_the_library_does_not_know() -> None:
    message = read_message(
        (INVITE + "x: 90;refresher=uac\r\nr: <sip:e>\r\no: refer\r\n\r\n").encode()
    )

    assert message.headers.get("Session-Expires") == ["90;refresher=uac"]
    assert message.headers.get("Refer-To") == ["<sip:e>"]
    assert message.headers.get("Event") == ["refer"]


def test_headers_are_shown_in_order_with_long_names_and_unfolded() -> None:
    data = (INVITE + "X-Odd: one\r\n two\r\nx: 90\r\n\r\nbody: x").encode()

    assert [header.name for header in read_headers(data)][:4] == ["Via", "From", "To", "Call-ID"]
    assert read_headers(data)[-2:] == (Header("X-Odd", "one two"), Header("Session-Expires", "90"))


def test_a_session_is_found_among_other_parts() -> None:
    body = (
        "--x\r\nContent-Type: application/pidf+xml\r\n\r\n<a/>\r\n"
        "--x\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--x--\r\n"
    )
    head = INVITE + f'c: multipart/mixed;boundary="x"\r\nl: {len(body)}\r\n\r\n'

    assert sdp_of(read_message((head + body).encode())) == "v=0"


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (INVITE.replace("SIP/2.0\r\nv", "SIP/3.0\r\nv"), 505),
        (INVITE.replace("INVITE sip:a@b SIP/2.0", "INVITE sip:a@b"), 400),
        (INVITE.replace("i: 7\r\n", ""), 400),
        (INVITE.replace("1 INVITE", "1_0 INVITE"), 400),
        ("x" * 70_000, 413),
    ],
)
def test_what_is_malformed_says_how(data: str, status: int) -> None:
    with pytest.raises(MalformedMessage) as error:
        read_message((data + "\r\n").encode())

    assert error.value.status == status


@pytest.mark.parametrize(
    ("uri", "hop"),
    [
        ("sip:a@example.org", Hop("udp", "example.org", 5060)),
        ("sip:a@example.org;transport=TCP", Hop("tcp", "example.org", 5060)),
        ("sips:a@[2001:db8::1]:5071", Hop("tls", "2001:db8::1", 5071)),
        ("sips:a@b;transport=tcp", Hop("tls", "b", 5061)),
    ],
)
def test_a_uri_names_its_next_hop(uri: str, hop: Hop) -> None:
    assert hop_of(uri) == hop


@pytest.mark.parametrize(
    "uri", ["tel:1", "sip:", "sip:a@b:0", "sip:a@b;transport=x", "sip:a@b:1e9"]
)
def test_a_uri_that_names_none_is_refused(uri: str) -> None:
    with pytest.raises(UnknownAddress):
        hop_of(uri)


def test_a_private_contact_of_a_public_sender_is_not_believed() -> None:
    assert is_behind_translation("192.168.1.2", "93.184.216.34")
    assert not is_behind_translation("93.184.216.34", "8.8.8.8")
    assert not is_behind_translation("192.168.1.2", "192.168.1.2")
    assert not is_behind_translation("pbx.example", "8.8.8.8")


@pytest.mark.parametrize("uri", ["sip:a@b", "tel:+1;x=y", "sips:a@[::1]:5061?x=y"])
def test_plain_uris(uri: str) -> None:
    assert is_plain_uri(uri)


@pytest.mark.parametrize("uri", ["sip:a b", "sip:a\r\n", "sip:<a>", "a", "", "sip:é"])
def test_texts_that_would_break_a_header_are_no_uris(uri: str) -> None:
    assert not is_plain_uri(uri)


@pytest.mark.parametrize(
    ("route", "uri", "routes"),
    [
        ("<sip:p;lr>", "sip:far", ["<sip:p;lr>", "<sip:q;lr>"]),
        ("<sip:p>", "sip:p", ["<sip:q;lr>", "<sip:far>"]),
    ],
)
def test_requests_go_along_the_route_loose_or_strict(
    route: str, uri: str, routes: list[str]
) -> None:
    dialog = Dialog("7", "<sip:a>;tag=1", "<sip:b>;tag=2", "sip:far", (route, "<sip:q;lr>"), 4)
    request = dialog.request("BYE", "SIP/2.0/UDP here")

    assert request.uri == uri
    assert request.headers.get("Route") == routes
    assert request.headers.get_first("CSeq") == "5 BYE"
    assert dialog.next_hop == "sip:p;lr" if "lr" in route else dialog.next_hop == "sip:p"
