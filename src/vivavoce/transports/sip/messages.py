"""SIP messages: reading them safely, and what aiosipua's parser leaves open.

aiosipua reads and writes the messages; here is the guard in front of it (size, version, mandatory
headers, short header names it does not know) and the few rules it has wrong (tags behind a quoted
name with brackets in it).
"""

import logging
import re
import secrets
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import HTTP

from aiosipua import SipMessage, SipRequest, SipResponse
from aiosipua.headers import COMPACT_HEADERS, CSeq, Via

Message = SipRequest | SipResponse

logging.getLogger("aiosipua.message").setLevel(logging.ERROR)
# It warns of bodies of a wrong length: strangers could fill the log.

MAX_MESSAGE_BYTES = 64 * 1024
"""What one UDP datagram can hold; streams are held to the same."""
LAST_PORT = 65535
MAX_CSEQ = 2**31 - 1  # RFC 3261, section 8.1.1.5
MAGIC_COOKIE = "z9hG4bK"  # RFC 3261, section 8.1.1.7
ALLOWED = ("INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "UPDATE", "NOTIFY")
ALLOW = ", ".join(ALLOWED)
OPTION_TAGS = ("timer",)
SUPPORTED = ", ".join(OPTION_TAGS)
USER_AGENT = "vivavoce"
SDP = "application/sdp"
REASONS = {
    100: "Trying", 180: "Ringing", 183: "Session Progress", 200: "OK", 202: "Accepted",
    301: "Moved Permanently", 302: "Moved Temporarily", 400: "Bad Request", 401: "Unauthorized",
    403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 406: "Not Acceptable",
    407: "Proxy Authentication Required", 408: "Request Timeout", 410: "Gone",
    413: "Request Entity Too Large", 415: "Unsupported Media Type", 416: "Unsupported URI Scheme",
    420: "Bad Extension", 422: "Session Interval Too Small", 423: "Interval Too Brief",
    480: "Temporarily Unavailable", 481: "Call/Transaction Does Not Exist", 482: "Loop Detected",
    483: "Too Many Hops", 484: "Address Incomplete", 486: "Busy Here", 487: "Request Terminated",
    488: "Not Acceptable Here", 491: "Request Pending", 500: "Server Internal Error",
    501: "Not Implemented", 503: "Service Unavailable", 504: "Server Time-out",
    505: "Version Not Supported", 600: "Busy Everywhere", 603: "Decline", 604: "Does Not Exist",
    606: "Not Acceptable",
}  # fmt: skip
_COMPACT_NAMES = {
    "r": "Refer-To", "b": "Referred-By", "x": "Session-Expires", "o": "Event",
    "u": "Allow-Events", "a": "Accept-Contact", "j": "Reject-Contact", "d": "Request-Disposition",
}  # fmt: skip
"""Short forms that aiosipua does not know (RFC 3515, 3892, 4028, 6665, 3841)."""
_MANDATORY = ("via", "from", "to", "call-id", "cseq")
_NUMBER = re.compile(r"[0-9]{1,10}", re.ASCII)
_TOKEN = re.compile(r"[A-Za-z0-9.!%*_+`'~-]{1,32}", re.ASCII)
_QUOTED = re.compile(r'^\s*"(?:[^"\\]|\\.)*"')
_PLAIN_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!#-;=?-~]{1,1000}", re.ASCII)
_URI = re.compile(r"<([^<>]*)>")
_TAG = re.compile(r";\s*tag\s*=\s*([^\s;,>]+)", re.IGNORECASE)


class MalformedMessage(Exception):  # noqa: N818 - a description of what came, caught in this room
    """What came is no proper SIP message; `request` is there if it can still be answered."""

    def __init__(self, message: str, *, status: int = 400, request: SipRequest | None = None):
        super().__init__(message)
        self.status = status
        self.request = request


@dataclass(frozen=True, slots=True)
class Header:
    """One header line, as it stood in the message."""

    name: str
    value: str


def read_message(data: bytes) -> Message:
    """Read one message.

    Raises:
        MalformedMessage: it is none, or lacks what every message must have.
    """
    if len(data) > MAX_MESSAGE_BYTES:
        raise MalformedMessage("too long", status=413)
    try:
        message = SipMessage.parse(data)
    except ValueError as error:
        raise MalformedMessage(str(error)) from error
    for short, name in _COMPACT_NAMES.items():
        for value in list(message.headers.get(short)):
            message.headers.append(name, value)
    fault = _fault(message, data)
    if fault is not None:
        request = message if isinstance(message, SipRequest) and _answerable(message) else None
        status, text = fault
        raise MalformedMessage(text, status=status, request=request)
    return message


def read_headers(data: bytes) -> tuple[Header, ...]:
    """Return the header lines of a message in their order, short names made long."""
    head = data.partition(b"\r\n\r\n")[0].decode(errors="replace")
    lines = re.sub(r"\r?\n[ \t]+", " ", head).replace("\r\n", "\n").split("\n")[1:]
    headers = []
    for line in lines:
        name, colon, value = line.partition(":")
        if colon:
            headers.append(Header(_long_name(name.strip()), value.strip()))
    return tuple(headers)


def response_to(
    request: SipRequest, status: int, *, to_tag: str | None = None, reason: str | None = None
) -> SipResponse:
    """Build a response with the headers that are copied from the request (RFC 3261, 8.2.6)."""
    response = SipResponse(status_code=status, reason_phrase=reason or reason_of(status))
    for name in ("Via", "From", "To", "Call-ID", "CSeq"):
        for value in request.headers.get(name):
            response.headers.append(name, value)
    to = request.headers.get_first("To") or ""
    if to_tag is not None and tag_of(to) is None:
        response.headers.set_single("To", f"{to};tag={to_tag}")
    for value in request.headers.get("Timestamp") if status == 100 else ():
        response.headers.append("Timestamp", value)
    response.headers.set_single("Server", USER_AGENT)
    return response


def set_body(message: Message, sdp: str) -> None:
    """Put a session description into a message."""
    message.headers.set_single("Content-Type", SDP)
    message.body = sdp.encode()


def sdp_of(message: Message) -> str | None:
    """Return the session description in a message's body, alone or among other parts."""
    if not message.body:
        return None
    kind = _content_type(message)
    if kind == SDP:
        return message.body.decode(errors="replace")
    if not kind.startswith("multipart/"):
        return None
    head = f"Content-Type: {message.headers.get_first('Content-Type')}\r\n\r\n".encode()
    for part in message_from_bytes(head + message.body, policy=HTTP).walk():
        content = part.get_payload(decode=True) if part.get_content_type() == SDP else None
        if isinstance(content, bytes):
            return content.decode(errors="replace")
    return None


def has_foreign_body(message: Message) -> bool:
    """Say whether the body is of a kind that a call cannot use."""
    encoding = message.headers.get_first("Content-Encoding", "identity")
    if not message.body:
        return False
    return encoding != "identity" or sdp_of(message) is None


def reason_of(status: int) -> str:
    """Return the usual words for a status."""
    return REASONS.get(status) or REASONS.get(status // 100 * 100) or "Unknown"


def tag_of(address: str) -> str | None:
    """Return the tag of a From or To value, None without."""
    bare = _QUOTED.sub("", address)
    behind = bare.partition(">")[2] if "<" in bare else bare
    found = _TAG.search(behind)
    return found[1] if found else None


def uri_of(address: str) -> str:
    """Return the URI in a From, To, Contact, Route or Refer-To value."""
    bare = _QUOTED.sub("", address).strip()
    found = _URI.search(bare)
    return found[1].strip() if found else bare.partition(";")[0].strip()


def top_via(message: Message) -> Via:
    """Return the first Via of a message that was read by `read_message`."""
    return message.via[0]


def cseq_of(message: Message) -> CSeq:
    """Return the CSeq of a message that was read by `read_message`."""
    cseq = message.cseq
    return CSeq() if cseq is None else cseq


def values_of(message: Message, name: str) -> list[str]:
    """Return the items of a header whose values are lists, in lower case."""
    joined = ",".join(message.headers.get(name))
    return [item.strip().lower() for item in joined.split(",") if item.strip()]


def number_in(value: str | None) -> int | None:
    """Return the number that a header begins with (`90;refresher=uac`); None if there is none."""
    digits = (value or "").partition(";")[0].strip()
    return int(digits) if _NUMBER.fullmatch(digits) else None


def is_plain_uri(text: str) -> bool:
    """Say whether a text can stand in a request line or between angle brackets."""
    return bool(_PLAIN_URI.fullmatch(text))


def is_token(text: str) -> bool:
    """Say whether a text can be a method or the name of a header."""
    return bool(_TOKEN.fullmatch(text))


def new_branch() -> str:
    """Return a branch nobody can guess."""
    return MAGIC_COOKIE + secrets.token_hex(8)


def new_token() -> str:
    """Return a tag or the like that nobody can guess."""
    return secrets.token_hex(8)


def _fault(message: Message, data: bytes) -> tuple[int, str] | None:
    missing = [name for name in _MANDATORY if not message.headers.get_first(name)]
    if missing:
        return 400, f"missing {', '.join(missing)}"
    if isinstance(message, SipRequest):
        start = data.partition(b"\n")[0].decode(errors="replace").split()
        if len(start) != 3 or not start[2].upper().startswith("SIP/"):
            return 400, "malformed request line"
        if start[2].upper() != "SIP/2.0":
            return 505, "unknown version"
        if not _TOKEN.fullmatch(message.method):
            return 400, "malformed method"
    elif not 100 <= message.status_code <= 699:
        return 400, "malformed status"
    return _header_fault(message)


def _header_fault(message: Message) -> tuple[int, str] | None:
    number, _, method = (message.headers.get_first("CSeq") or "").strip().partition(" ")
    if not _NUMBER.fullmatch(number) or int(number) > MAX_CSEQ:
        return 400, "malformed CSeq"
    if isinstance(message, SipRequest) and method.strip() != message.method:
        return 400, "CSeq of another method"
    via = top_via(message)
    if not _is_usable(via) or via.protocol.upper() != "SIP/2.0":
        return 400, "malformed Via"
    if isinstance(message, SipRequest) and tag_of(message.headers.get_first("From") or "") is None:
        return 400, "From without a tag"
    declared = message.headers.get_first("Content-Length", "0")
    length = number_in(declared)
    if length is None:
        return 400, "malformed Content-Length"
    if len(message.body) < length:
        return 400, "body shorter than its Content-Length"
    return None


def _answerable(request: SipRequest) -> bool:
    return (
        request.method != "ACK"
        and bool(_TOKEN.fullmatch(request.method))
        and all(request.headers.get_first(name) for name in _MANDATORY)
        and _is_usable(top_via(request))
    )


def _is_usable(via: Via) -> bool:
    return bool(via.host) and (via.port is None or 0 < via.port <= LAST_PORT)


def _content_type(message: Message) -> str:
    value = message.headers.get_first("Content-Type") or ""
    return value.partition(";")[0].strip().lower()


def _long_name(name: str) -> str:
    known = COMPACT_HEADERS.get(name.lower())
    if known is None:
        return _COMPACT_NAMES.get(name.lower(), name)
    return {"call-id": "Call-ID"}.get(known, known.title())
