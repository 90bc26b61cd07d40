from hypothesis import given, settings
from hypothesis import strategies as st

from vivavoce.transports.rtp.dtls import Certificate, Handshake, fingerprint_of, new_certificate

ONE, OTHER = new_certificate(), new_certificate()


def shake(client: Handshake, server: Handshake) -> None:
    to_server, to_client = client.begin(), server.begin()
    while to_server or to_client:
        answers = [answer for datagram in to_server for answer in server.receive(datagram)]
        to_server = [answer for datagram in to_client for answer in client.receive(datagram)]
        to_client = answers


def ends(client_expects: Certificate, server_expects: Certificate) -> tuple[Handshake, Handshake]:
    return (
        Handshake(ONE, (client_expects.fingerprint,), is_client=True),
        Handshake(OTHER, (server_expects.fingerprint.lower(),), is_client=False),
    )


def test_both_sides_end_with_the_same_keys() -> None:
    client, server = ends(OTHER, ONE)

    shake(client, server)

    assert client.local is not None
    assert client.local == server.remote
    assert client.remote == server.local
    assert client.local != client.remote


def test_a_certificate_that_was_not_announced_gives_no_keys() -> None:
    client, server = ends(ONE, ONE)

    shake(client, server)

    assert client.local is None
    assert client.failure == "the certificate is not the one that was announced"


def test_any_of_several_fingerprints_will_do() -> None:
    longer = fingerprint_of(OTHER.certificate, "sha-512")
    client = Handshake(ONE, ("sha-1 00:11", longer), is_client=True)
    server = Handshake(OTHER, (ONE.fingerprint,), is_client=False)

    shake(client, server)

    assert client.local is not None


def test_a_datagram_fits_into_a_packet() -> None:
    client, server = ends(OTHER, ONE)

    answers = [answer for datagram in client.begin() for answer in server.receive(datagram)]

    assert all(len(datagram) <= 1_200 for datagram in answers)
    assert answers


@given(st.lists(st.binary(max_size=100), max_size=5))
@settings(max_examples=50, deadline=None)
def test_no_datagrams_raise(garbage: list[bytes]) -> None:
    _, server = ends(OTHER, ONE)

    for datagram in garbage:
        server.receive(b"\x16\xfe\xfd" + datagram)
        server.receive(datagram)

    assert server.local is None
