"""Which transaction a message belongs to (RFC 3261, sections 17.1.3 and 17.2.3)."""

from aiosipua import SipRequest, SipResponse

from vivavoce.transports.sip.messages import (
    MAGIC_COOKIE,
    cseq_of,
    tag_of,
    top_via,
)
from vivavoce.transports.sip.transactions import (
    ClientInvite,
    ClientRequest,
    ServerInvite,
    ServerRequest,
    State,
)

Key = tuple[object, ...]
ServerTransaction = ServerInvite | ServerRequest
ClientTransaction = ClientInvite | ClientRequest


def server_key(request: SipRequest) -> Key:
    """Return the key of the transaction that a request belongs to; an ACK has its INVITE's."""
    method = "INVITE" if request.method == "ACK" else request.method
    via = top_via(request)
    sent_by = (via.host.lower(), via.port)
    branch = via.branch or ""
    if branch.startswith(MAGIC_COOKIE) and branch != MAGIC_COOKIE:
        return (branch, sent_by, method)
    from_tag = tag_of(request.headers.get_first("From") or "")
    return (request.call_id, from_tag, cseq_of(request).seq, sent_by, method)  # as in RFC 2543


def client_key(message: SipRequest | SipResponse) -> Key:
    """Return the key of the transaction of ours that a request began or a response belongs to."""
    return (top_via(message).branch, cseq_of(message).method)


def merged_key(request: SipRequest) -> Key:
    """Return what two copies of one INVITE have in common that came on different ways (8.2.2.2)."""
    from_tag = tag_of(request.headers.get_first("From") or "")
    return (request.call_id, from_tag, cseq_of(request).seq)


class TransactionTable:
    """The transactions that are not over."""

    def __init__(self) -> None:
        self._server: dict[Key, ServerTransaction] = {}
        self._client: dict[Key, ClientTransaction] = {}
        self._invites: dict[Key, ServerInvite] = {}

    def __len__(self) -> int:
        return len(self._server) + len(self._client)

    def add_server(self, transaction: ServerTransaction) -> None:
        """Keep a transaction that a request has begun."""
        self._server[server_key(transaction.request)] = transaction
        if isinstance(transaction, ServerInvite):
            self._invites[merged_key(transaction.request)] = transaction

    def add_client(self, transaction: ClientTransaction) -> None:
        """Keep a transaction of ours."""
        self._client[client_key(transaction.request)] = transaction

    def server_of(self, request: SipRequest) -> ServerTransaction | None:
        """Find the transaction that a request repeats, or an ACK ends."""
        return self._server.get(server_key(request))

    def invite_of(self, cancel: SipRequest) -> ServerInvite | None:
        """Find the INVITE that a CANCEL is about (9.2)."""
        key = list(server_key(cancel))
        key[-1] = "INVITE"
        found = self._server.get(tuple(key))
        return found if isinstance(found, ServerInvite) else None

    def client_of(self, response: SipResponse) -> ClientTransaction | None:
        """Find the transaction of ours that a response belongs to."""
        return self._client.get(client_key(response))

    def has_branch(self, branch: str | None) -> bool:
        """Say whether an INVITE of ours has this branch: then it has come back to us."""
        return (branch, "INVITE") in self._client

    def is_merged(self, request: SipRequest) -> bool:
        """Say whether this INVITE has come already, on another way."""
        return merged_key(request) in self._invites

    def remove_if_over(self, transaction: ServerTransaction | ClientTransaction) -> None:
        """Forget a transaction that has terminated."""
        if transaction.state is not State.TERMINATED:
            return
        if isinstance(transaction, ServerInvite | ServerRequest):
            self._server.pop(server_key(transaction.request), None)
            if isinstance(transaction, ServerInvite):
                self._invites.pop(merged_key(transaction.request), None)
        else:
            self._client.pop(client_key(transaction.request), None)
