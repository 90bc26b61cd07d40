"""The body of an offer, in the forms that clients send."""

import msgspec
import pytest

from vivavoce.api.offers import Offer, read_session
from vivavoce.errors import ProtocolError


class Sent(msgspec.Struct):
    session: dict[str, int]


DECODER = msgspec.json.Decoder(Sent)


def test_an_offer_without_a_session_has_none() -> None:
    assert read_session(Offer("v=0", None), DECODER) is None


def test_a_session_is_read_as_the_member_of_that_name() -> None:
    sent = read_session(Offer("v=0", b'{"a": 1}'), DECODER)
    assert sent is not None
    assert sent.session == {"a": 1}


def test_what_is_wrong_with_a_session_is_told_below_its_name() -> None:
    with pytest.raises(ProtocolError) as refused:
        read_session(Offer("v=0", b'{"a": "x"}'), DECODER)
    assert refused.value.param is not None
    assert refused.value.param.startswith("session")
