"""The machines alone, by tables: (what happens, when) -> what is sent and delivered."""

import pytest
from aiosipua import SipMessage, SipRequest, SipResponse

from vivavoce.transports.sip.messages import response_to
from vivavoce.transports.sip.transactions import (
    NEVER,
    OVER,
    Answer,
    ClientInvite,
    ClientRequest,
    Deliver,
    Failed,
    Output,
    Send,
    ServerInvite,
    ServerRequest,
    State,
    again_with,
    cancel_of,
)

HEAD = (
    "Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bKx\r\nRoute: <sip:proxy;lr>\r\n"
    "Max-Forwards: 70\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: 7\r\n"
)


def a_request(method: str = "INVITE") -> SipRequest:
    text = f"{method} sip:c@d SIP/2.0\r\n{HEAD}CSeq: 3 {method}\r\n\r\n"
    message = SipMessage.parse(text)
    assert isinstance(message, SipRequest)
    return message


def a_response(status: int, method: str = "INVITE") -> SipResponse:
    return response_to(a_request(method), status, to_tag="t")


def shown(outputs: list[Output]) -> list[str]:
    words = []
    for output in outputs:
        match output:
            case Send(SipRequest() as request):
                words.append(f"send {request.method}")
            case Send(SipResponse() as response):
                words.append(f"send {response.status_code}")
            case Deliver(SipRequest() as request):
                words.append(f"deliver {request.method}")
            case Deliver(SipResponse() as response):
                words.append(f"deliver {response.status_code}")
            case Failed(reason):
                words.append(reason)
            case _:
                raise AssertionError(output)
    return words


def run_out(
    machine: ServerInvite | ServerRequest | ClientInvite | ClientRequest | Answer,
) -> list[tuple[float, str]]:
    """Let all timers fire; return when what happened."""
    happened: list[tuple[float, str]] = []
    while machine.next_deadline not in (NEVER, OVER):
        now = machine.next_deadline
        happened += [(now, word) for word in shown(machine.tick(now))]
    return happened


RESENT = [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]


def test_a_refusal_of_an_invite_is_resent_until_the_time_is_over() -> None:
    machine = ServerInvite(a_request(), 0.0, reliable=False)

    assert shown(machine.respond(a_response(486), 0.0)) == ["send 486"]
    assert run_out(machine) == [*((at, "send 486") for at in RESENT), (32.0, "timeout")]
    assert machine.state is State.TERMINATED


def test_an_acknowledged_refusal_is_quiet_and_absorbs_further_acks() -> None:
    machine = ServerInvite(a_request(), 0.0, reliable=False)
    machine.respond(a_response(486), 0.0)

    assert shown(machine.receive(a_request("ACK"), 1.0)) == []
    assert machine.state is State.CONFIRMED
    assert shown(machine.receive(a_request("ACK"), 2.0)) == []
    assert shown(machine.receive(a_request(), 2.0)) == []
    assert machine.next_deadline == 6.0
    assert run_out(machine) == []


def test_over_a_stream_a_refusal_is_sent_once_and_ends_with_its_ack() -> None:
    machine = ServerInvite(a_request(), 0.0, reliable=True)
    machine.respond(a_response(486), 0.0)

    assert machine.next_deadline == 32.0
    machine.receive(a_request("ACK"), 1.0)
    assert machine.next_deadline == OVER


def test_a_repeated_invite_gets_the_last_response_but_none_once_accepted() -> None:
    machine = ServerInvite(a_request(), 0.0, reliable=False)

    assert shown(machine.receive(a_request(), 0.0)) == []
    for status in (100, 180):
        machine.respond(a_response(status), 0.0)
        assert shown(machine.receive(a_request(), 0.1)) == [f"send {status}"]
    assert machine.next_deadline == NEVER
    machine.respond(a_response(200), 1.0)
    assert shown(machine.receive(a_request(), 1.5)) == []
    assert shown(machine.respond(a_response(200), 2.0)) == ["send 200"]
    assert shown(machine.respond(a_response(486), 2.0)) == []
    assert shown(machine.receive(a_request("ACK"), 3.0)) == ["deliver ACK"]
    assert machine.state is State.ACCEPTED
    assert machine.next_deadline == 33.0
    assert run_out(machine) == []


def test_an_answer_is_resent_until_it_is_acknowledged_or_given_up() -> None:
    answer = Answer(a_response(200), 0.0)
    assert run_out(answer) == [*((at, "send 200") for at in RESENT), (32.0, "timeout")]

    answer = Answer(a_response(200), 0.0)
    answer.is_acknowledged = True
    assert answer.next_deadline == OVER
    assert answer.tick(1.0) == []


def test_another_request_gets_the_same_response_again_for_half_a_minute() -> None:
    machine = ServerRequest(a_request("BYE"), 0.0, reliable=False)

    assert shown(machine.receive(a_request("BYE"), 0.1)) == []
    assert shown(machine.respond(a_response(200, "BYE"), 1.0)) == ["send 200"]
    assert shown(machine.receive(a_request("BYE"), 2.0)) == ["send 200"]
    assert shown(machine.respond(a_response(481, "BYE"), 2.0)) == []
    assert machine.next_deadline == 33.0
    assert run_out(machine) == []


def test_an_invite_of_ours_is_resent_with_doubled_pauses_and_times_out() -> None:
    machine = ClientInvite(a_request(), reliable=False)

    assert shown(machine.start(0.0)) == ["send INVITE"]
    sent = [(at, "send INVITE") for at in (0.5, 1.5, 3.5, 7.5, 15.5, 31.5)]
    assert run_out(machine) == [*sent, (32.0, "timeout")]


def test_a_provisional_response_stops_the_resending() -> None:
    machine = ClientInvite(a_request(), reliable=False)
    machine.start(0.0)

    assert shown(machine.receive(a_response(180), 0.2)) == ["deliver 180"]
    assert machine.next_deadline == NEVER
    machine.give_up(1.0)
    assert run_out(machine) == [(33.0, "timeout")]


def test_a_refusal_is_delivered_once_and_acknowledged_each_time() -> None:
    machine = ClientInvite(a_request(), reliable=False)
    machine.start(0.0)

    outputs = machine.receive(a_response(486), 0.2)
    assert shown(outputs) == ["send ACK", "deliver 486"]
    ack = outputs[0].message if isinstance(outputs[0], Send) else None
    assert ack is not None
    assert ack.headers.get("Via") == a_request().headers.get("Via")
    assert ack.headers.get("Route") == ["<sip:proxy;lr>"]
    assert (ack.headers.get_first("To") or "").endswith(";tag=t")
    assert ack.headers.get_first("CSeq") == "3 ACK"
    assert shown(machine.receive(a_response(486), 5.0)) == ["send ACK"]
    assert machine.next_deadline == 32.2
    assert run_out(machine) == []


def test_each_2xx_is_delivered_for_half_a_minute_and_later_refusals_are_not() -> None:
    machine = ClientInvite(a_request(), reliable=True)
    machine.start(0.0)

    for at in (1.0, 2.0):
        assert shown(machine.receive(a_response(200), at)) == ["deliver 200"]
    assert shown(machine.receive(a_response(486), 3.0)) == []
    assert shown(machine.receive(a_response(180), 3.0)) == []
    assert shown(machine.transport_failed()) == []
    assert machine.state is State.ACCEPTED
    assert machine.next_deadline == 33.0
    assert run_out(machine) == []


def test_another_request_of_ours_is_resent_up_to_every_4_s_and_times_out() -> None:
    machine = ClientRequest(a_request("BYE"), reliable=False)

    assert shown(machine.start(0.0)) == ["send BYE"]
    assert run_out(machine) == [*((at, "send BYE") for at in RESENT), (32.0, "timeout")]


def test_after_a_provisional_response_it_is_resent_every_4_s() -> None:
    machine = ClientRequest(a_request("BYE"), reliable=False)
    machine.start(0.0)
    machine.receive(a_response(100, "BYE"), 0.1)

    assert machine.next_deadline == 4.1
    assert shown(machine.tick(4.1)) == ["send BYE"]
    assert shown(machine.receive(a_response(200, "BYE"), 5.0)) == ["deliver 200"]
    assert shown(machine.receive(a_response(200, "BYE"), 6.0)) == []
    assert machine.next_deadline == 10.0
    assert run_out(machine) == []


@pytest.mark.parametrize(
    "machine",
    [
        ClientInvite(a_request(), reliable=True),
        ClientRequest(a_request("BYE"), reliable=True),
        ServerInvite(a_request(), 0.0, reliable=True),
        ServerRequest(a_request("BYE"), 0.0, reliable=True),
    ],
)
def test_a_broken_way_ends_a_transaction_at_once_and_only_once(
    machine: ClientInvite | ClientRequest | ServerInvite | ServerRequest,
) -> None:
    assert shown(machine.transport_failed()) == ["transport"]
    assert shown(machine.transport_failed()) == []
    assert machine.next_deadline == OVER


def test_over_a_stream_nothing_is_resent() -> None:
    for machine in (
        ClientInvite(a_request(), reliable=True),
        ClientRequest(a_request("BYE"), reliable=True),
    ):
        machine.start(0.0)
        assert run_out(machine) == [(32.0, "timeout")]


def test_a_cancel_has_the_branch_of_its_invite_and_a_second_try_has_another() -> None:
    invite = a_request()
    cancel = cancel_of(invite)
    again = again_with(invite, 4, {"Authorization": "Digest x"})

    assert cancel.headers.get("Via") == invite.headers.get("Via")
    assert cancel.headers.get_first("CSeq") == "3 CANCEL"
    assert again.via[0].branch != invite.via[0].branch
    assert again.headers.get_first("CSeq") == "4 INVITE"
    assert again.headers.get_first("Authorization") == "Digest x"
    assert "Authorization" not in invite.headers
