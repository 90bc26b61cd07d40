"""Dialogs without I/O: who talks to whom, by which way, in which order (RFC 3261, section 12)."""

from dataclasses import dataclass

from aiosipua import SipRequest, SipResponse
from aiosipua.headers import parse_uri

from vivavoce.transports.sip.messages import USER_AGENT, cseq_of, tag_of, uri_of

DialogKey = tuple[str, str, str]
"""Call-ID, our tag, the far side's tag."""


@dataclass(slots=True)
class Dialog:
    """One dialog; `local` and `remote` are whole From and To values with their tags."""

    call_id: str
    local: str
    remote: str
    remote_target: str
    route_set: tuple[str, ...]
    local_cseq: int
    remote_cseq: int | None = None

    @property
    def key(self) -> DialogKey:
        """What messages are matched by."""
        return (self.call_id, tag_of(self.local) or "", tag_of(self.remote) or "")

    @property
    def next_hop(self) -> str:
        """URI of where requests go first."""
        return uri_of(self.route_set[0]) if self.route_set else self.remote_target

    def takes(self, request: SipRequest) -> bool:
        """Say whether a request is in order; if so, remember its number (12.2.2)."""
        number = cseq_of(request).seq
        if self.remote_cseq is not None and number <= self.remote_cseq:
            return False
        self.remote_cseq = number
        return True

    def refresh_target(self, message: SipRequest | SipResponse) -> None:
        """Take the far side's new address from an INVITE, an UPDATE or their 2xx."""
        contact = message.headers.get_first("Contact")
        if contact and contact != "*":
            self.remote_target = uri_of(contact)

    def request(self, method: str, via: str, *, cseq: int | None = None) -> SipRequest:
        """Build a request; only an ACK has a `cseq` of its own, that of its INVITE."""
        if cseq is None:
            self.local_cseq += 1
            cseq = self.local_cseq
        uri, routes = self._uri_and_routes()
        request = SipRequest(method=method, uri=uri)
        request.headers.append("Via", via)
        request.headers.append("Max-Forwards", "70")
        for route in routes:
            request.headers.append("Route", route)
        request.headers.append("From", self.local)
        request.headers.append("To", self.remote)
        request.headers.append("Call-ID", self.call_id)
        request.headers.append("CSeq", f"{cseq} {method}")
        request.headers.append("User-Agent", USER_AGENT)
        return request

    def _uri_and_routes(self) -> tuple[str, tuple[str, ...]]:
        if not self.route_set or "lr" in parse_uri(uri_of(self.route_set[0])).params:
            return self.remote_target, self.route_set
        strict, *others = self.route_set  # a router of RFC 2543 wants its own URI in front
        return uri_of(strict), (*others, f"<{self.remote_target}>")


def dialog_of_incoming(invite: SipRequest, local_tag: str) -> Dialog:
    """Return the dialog that we, called, begin with our first response with a tag (12.1.1)."""
    return Dialog(
        call_id=invite.call_id or "",
        local=f"{invite.headers.get_first('To')};tag={local_tag}",
        remote=invite.headers.get_first("From") or "",
        remote_target=uri_of(invite.headers.get_first("Contact") or ""),
        route_set=tuple(invite.headers.get("Record-Route")),
        local_cseq=0,
        remote_cseq=cseq_of(invite).seq,
    )


def dialog_of_outgoing(invite: SipRequest, response: SipResponse) -> Dialog:
    """Return the dialog that a response with a tag to our INVITE begins (12.1.2)."""
    return Dialog(
        call_id=invite.call_id or "",
        local=invite.headers.get_first("From") or "",
        remote=response.headers.get_first("To") or "",
        remote_target=uri_of(response.headers.get_first("Contact") or invite.uri),
        route_set=tuple(reversed(response.headers.get("Record-Route"))),
        local_cseq=cseq_of(invite).seq,
    )


def key_of_request(request: SipRequest) -> DialogKey:
    """Return the key of the dialog that a request from the far side belongs to."""
    local = tag_of(request.headers.get_first("To") or "") or ""
    remote = tag_of(request.headers.get_first("From") or "") or ""
    return (request.call_id or "", local, remote)
