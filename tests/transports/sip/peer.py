"""The far side, by hand: sends what a test writes and shows all that comes."""

import asyncio
import itertools
from types import TracebackType
from typing import Self

from aiosipua import SipMessage, SipRequest, SipResponse

from vivavoce.transports.sip.messages import cseq_of, set_body

Message = SipRequest | SipResponse
Address = tuple[str, int]
OFFER = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 4000 RTP/AVP 0\r\n"
)
ANSWER = OFFER.replace("4000", "5000")
_numbers = itertools.count(1)


class Peer(asyncio.DatagramProtocol):
    """One UDP user agent without any behaviour of its own."""

    def __init__(self, to: Address, host: str = "127.0.0.1") -> None:
        self.to = to
        self.received: asyncio.Queue[Message] = asyncio.Queue()
        self.address: Address = (host, 0)
        self.call_id = f"call-{next(_numbers)}"
        self.tag = f"peer-{next(_numbers)}"
        self.remote_tag = ""
        self.cseq = 0

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=self.address
        )
        self.address = self._transport.get_extra_info("sockname")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._transport.close()

    def datagram_received(self, data: bytes, addr: Address) -> None:
        if data.strip():
            self.received.put_nowait(SipMessage.parse(data))

    def error_received(self, exc: Exception) -> None:
        """Nobody listens there any more."""

    def send(self, message: Message | bytes) -> None:
        self._transport.sendto(bytes(message), self.to)

    async def next(self) -> Message:
        async with asyncio.timeout(1000):
            return await self.received.get()

    async def response(self, status: int | None = None, method: str | None = None) -> SipResponse:
        """The next final response, or one of this status."""
        while True:
            message = await self.next()
            if not isinstance(message, SipResponse):
                continue
            if method is not None and cseq_of(message).method != method:
                continue
            if message.status_code == status or (status is None and message.status_code >= 200):
                to = message.to_addr
                self.remote_tag = (to.tag if to else None) or self.remote_tag
                return message

    async def request(self, method: str) -> SipRequest:
        while True:
            message = await self.next()
            if isinstance(message, SipRequest) and message.method == method:
                return message

    def make(
        self,
        method: str,
        *,
        cseq: int | None = None,
        branch: str | None = None,
        sdp: str | None = None,
        headers: dict[str, str] | None = None,
        uri: str = "sip:agent@127.0.0.1",
    ) -> SipRequest:
        """Build a request; in the dialog, once `remote_tag` is known."""
        if cseq is None:
            self.cseq += 1
            cseq = self.cseq
        host, port = self.address
        request = SipRequest(method=method, uri=uri)
        branch = branch or f"z9hG4bK-{next(_numbers)}"
        to = f";tag={self.remote_tag}" if self.remote_tag else ""
        for name, value in {
            "Via": f"SIP/2.0/UDP {host}:{port};branch={branch};rport",
            "Max-Forwards": "70",
            "From": f'"Ann <a>" <sip:ann@{host}>;tag={self.tag}',
            "To": f"<sip:agent@127.0.0.1>{to}",
            "Call-ID": self.call_id,
            "CSeq": f"{cseq} {method}",
            "Contact": f"<sip:ann@{host}:{port}>",
        }.items():
            request.headers.append(name, value)
        if sdp is not None:
            set_body(request, sdp)
        for name, value in (headers or {}).items():
            request.headers.set_single(name, value)
        return request

    def invite(self, **changes: object) -> SipRequest:
        """Send an INVITE with an offer and return it."""
        request = self.make("INVITE", **{"sdp": OFFER, **changes})  # type: ignore[arg-type]  # passed on
        self.send(request)
        return request

    def ack(self, answer: SipResponse, sdp: str | None = None) -> None:
        """Acknowledge a 2xx."""
        self.send(self.make("ACK", cseq=cseq_of(answer).seq, sdp=sdp))

    def reply(self, request: SipRequest, status: int, **headers: str) -> SipResponse:
        """Answer a request."""
        response = SipResponse(status_code=status, reason_phrase="So be it")
        for name in ("Via", "From", "To", "Call-ID", "CSeq"):
            for value in request.headers.get(name):
                response.headers.append(name, value)
        if status > 100 and "tag=" not in (response.headers.get_first("To") or ""):
            to = response.headers.get_first("To")
            response.headers.set_single("To", f"{to};tag={self.tag}")
        response.headers.set_single("Contact", f"<sip:bob@{self.address[0]}:{self.address[1]}>")
        for name, value in headers.items():
            response.headers.append(name.replace("_", "-"), value)
        return response


async def answered(peer: Peer, **changes: object) -> SipResponse:
    """Call, wait for the 200 and acknowledge it."""
    peer.invite(**changes)
    answer = await peer.response(200)
    peer.ack(answer)
    return answer
