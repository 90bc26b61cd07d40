"""Session descriptions as text and as values (RFC 8866), as far as calls use them."""

import ipaddress
from collections.abc import Iterable

from msgspec import Struct

from vivavoce.transports.rtp.refusal import MediaRefused

MAX_BYTES = 64 * 1024
MAX_MEDIA = 16
Attributes = tuple[tuple[str, str], ...]
DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")


class MediaDescription(Struct, frozen=True, kw_only=True):
    """One `m=` line and what follows it."""

    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    address: str | None
    """Of its own `c=` line."""
    attributes: Attributes

    def first(self, name: str) -> str | None:
        """Return the value of an attribute; an empty one has an empty value."""
        return next((value for key, value in self.attributes if key == name), None)

    def all(self, name: str) -> list[str]:
        """Return the values of an attribute in their order."""
        return [value for key, value in self.attributes if key == name]


class Description(Struct, frozen=True, kw_only=True):
    """A whole description."""

    origin: str
    address: str | None
    attributes: Attributes
    media: tuple[MediaDescription, ...]

    def of(self, media: MediaDescription, name: str) -> str | None:
        """Return the value of an attribute of the media, or else of the whole."""
        value = media.first(name)
        if value is None:
            value = next((text for key, text in self.attributes if key == name), None)
        return value

    def all_of(self, media: MediaDescription, name: str) -> list[str]:
        """Return the values of an attribute of the media, or else of the whole."""
        return media.all(name) or [text for key, text in self.attributes if key == name]

    def direction_of(self, media: MediaDescription) -> str:
        """Return what its sender wants to do with the media."""
        for attributes in (media.attributes, self.attributes):
            for name, _ in attributes:
                if name in DIRECTIONS:
                    return name
        return "sendrecv"


def parse_sdp(text: str) -> Description:
    """Read a description; unknown lines are passed over.

    Raises:
        MediaRefused: it can't be read (status 400).
    """
    if len(text) > MAX_BYTES:
        raise MediaRefused("the session description is too long", status=400)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines or lines[0] != "v=0":
        raise MediaRefused("this is no session description", status=400)
    sections: list[list[tuple[str, str]]] = [[]]
    for line in lines:
        kind, sign, value = line.partition("=")
        if not sign or len(kind) != 1:
            raise MediaRefused(f"not a line of a session description: {line[:40]!r}", status=400)
        if kind == "m":
            sections.append([])
        sections[-1].append((kind, value))
    if len(sections) > MAX_MEDIA + 1:
        raise MediaRefused("too many media are described", status=400)
    head = sections[0]
    return Description(
        origin=next((value for kind, value in head if kind == "o"), ""),
        address=_address(head),
        attributes=_attributes(head),
        media=tuple(_media(section) for section in sections[1:]),
    )


def is_address(text: str) -> bool:
    """Return whether this is the IP address of one host, not a name to be looked up, nor many."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return not address.is_multicast and text != "255.255.255.255" and "%" not in text


def _media(lines: list[tuple[str, str]]) -> MediaDescription:
    kind, port, protocol, *formats = [*lines[0][1].split(), "", "", ""]
    number = port.partition("/")[0]
    if not number.isdecimal() or len(number) > 5 or int(number) > 65_535:
        raise MediaRefused(f"not a port: {port[:20]!r}", status=400)
    return MediaDescription(
        kind=kind,
        port=int(number),
        protocol=protocol,
        formats=tuple(text for text in formats if text),
        address=_address(lines),
        attributes=_attributes(lines),
    )


def _address(lines: Iterable[tuple[str, str]]) -> str | None:
    for kind, value in lines:
        if kind == "c":
            words = value.split()
            if len(words) != 3 or words[0] != "IN" or words[1] not in ("IP4", "IP6"):
                raise MediaRefused(f"not an address: {value[:40]!r}", status=400)
            address = words[2].partition("/")[0]
            if not is_address(address):
                raise MediaRefused(f"only addresses of one host are taken, not {address[:40]!r}")
            return address
    return None


def _attributes(lines: Iterable[tuple[str, str]]) -> Attributes:
    pairs = (value.partition(":") for kind, value in lines if kind == "a")
    return tuple((name.strip(), text.strip()) for name, _, text in pairs)
