"""The little that we ourselves read and write of session descriptions (RFC 8866, RFC 8839)."""

import re

from vivavoce.errors import ProtocolError

MAX_OFFER_CHARS = 64 * 1024
"""A browser's offer with sound and data has 3 to 6 thousand."""
HOST_CANDIDATE = re.compile(r"(a=candidate:)(\S+)( 1 udp \d+ )(\S+)( \d+ typ host.*)")
END_OF_CANDIDATES = "a=end-of-candidates"


def check_offer(offer: str) -> None:
    """Accept what looks like an offer with sound or a data channel.

    Raises:
        ProtocolError: it says what is wrong with it.
    """
    if not offer.strip():
        raise bad_offer("The body holds no SDP offer.")
    if len(offer) > MAX_OFFER_CHARS:
        raise bad_offer("The SDP offer is too long.")
    lines = offer.splitlines()
    if lines[0].strip() != "v=0":
        raise bad_offer("The SDP offer must begin with 'v=0'.")
    kinds = {line[2:].split(" ", 1)[0] for line in lines if line.startswith("m=")}
    if not kinds & {"audio", "application"}:
        raise bad_offer("The SDP offer has neither sound nor a data channel.")


def complete_answer(answer: str, advertised_addresses: tuple[str, ...]) -> str:
    """Return an answer whose candidates are those that clients can reach, and all there will be.

    Args:
        answer: of the media engine.
        advertised_addresses: put in place of the machine's own, behind the same ports; empty: the
            machine's own are good.
    """
    lines: list[str] = []
    for section in _sections(answer):
        candidates = [line for line in section if line.startswith("a=candidate:")]
        lines += [line for line in section if line not in candidates and line != END_OF_CANDIDATES]
        if candidates:
            lines += _advertised(candidates, advertised_addresses)
            lines.append(END_OF_CANDIDATES)
    return "\r\n".join([*lines, ""])


def bad_offer(message: str) -> ProtocolError:
    """Return the refusal of an offer."""
    return ProtocolError(message, code="invalid_offer", param="sdp")


def _sections(sdp: str) -> list[list[str]]:
    sections: list[list[str]] = [[]]
    for line in sdp.splitlines():
        if line.startswith("m="):
            sections.append([])
        if line:
            sections[-1].append(line)
    return sections


def _advertised(candidates: list[str], addresses: tuple[str, ...]) -> list[str]:
    """Return host candidates with the given addresses, each with the ports of its own family."""
    if not addresses:
        return candidates
    advertised: dict[str, None] = {}
    for number, address in enumerate(addresses):
        for candidate in candidates:
            match = HOST_CANDIDATE.fullmatch(candidate)
            if match is None or (":" in match[4]) != (":" in address):
                continue
            foundation = f"{match[2]}{number}"[:32]
            advertised[f"{match[1]}{foundation}{match[3]}{address}{match[5]}"] = None
    return list(advertised)
