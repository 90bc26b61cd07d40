"""What is refused before anybody is asked (RFC 3261, section 8.2)."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiosipua import SipRequest

from vivavoce.transports.sip.messages import (
    ALLOW,
    ALLOWED,
    OPTION_TAGS,
    SDP,
    has_foreign_body,
    number_in,
    values_of,
)

SCHEMES = ("sip:", "sips:", "tel:")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A status and the headers that explain it."""

    status: int
    headers: Sequence[tuple[str, str]] = ()


def refusal_of(request: SipRequest) -> Refusal | None:
    """Return why a request, in a dialog or not, can't be served; None if it can.

    ACK and CANCEL are never refused.
    """
    if request.method in ("ACK", "CANCEL"):
        return None
    if request.method not in ALLOWED:
        return Refusal(405, (("Allow", ALLOW),))
    return _hops_refusal(request) or _extension_refusal(request)


def invite_refusal(request: SipRequest) -> Refusal | None:
    """Return why an INVITE, first or further, can't be served."""
    if not request.headers.get_first("Contact"):
        return Refusal(400, (("Warning", '399 vivavoce "missing Contact"'),))
    return body_refusal(request)


def body_refusal(request: SipRequest) -> Refusal | None:
    """Return why a body can't be used."""
    if has_foreign_body(request):
        return Refusal(415, (("Accept", SDP), ("Accept-Encoding", "identity")))
    return None


def _hops_refusal(request: SipRequest) -> Refusal | None:
    hops = request.headers.get_first("Max-Forwards")
    if hops is not None and number_in(hops) is None:
        return Refusal(400)
    if hops is not None and number_in(hops) == 0 and request.method != "OPTIONS":
        return Refusal(483)  # OPTIONS looks how far it gets (section 11)
    if not request.uri.lower().startswith(SCHEMES):
        return Refusal(416)
    return None


def _extension_refusal(request: SipRequest) -> Refusal | None:
    unknown = [tag for tag in values_of(request, "Require") if tag not in OPTION_TAGS]
    return Refusal(420, (("Unsupported", ", ".join(unknown)),)) if unknown else None
