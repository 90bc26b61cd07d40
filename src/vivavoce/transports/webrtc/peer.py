"""What the transport needs of a media engine: one connection to a browser, or to what acts as one.

The engine behind it is libwebrtc (`libwebrtc.py`); another one fulfils `Peer` and is opened by a
function like `open_peer`.
"""

from typing import Protocol

from msgspec import Struct

FRAME_BYTES = 960
"""20 ms, 24 kHz 16-bit mono."""


class PeerSettings(Struct, frozen=True, kw_only=True):
    """What an operator may set about the network of calls."""

    advertised_addresses: tuple[str, ...] = ()
    """IP addresses under which clients reach this machine, if they are not its own."""
    port_range: tuple[int, int] | None = None
    """Lowest and highest local UDP port; None: any."""
    grace_s: float = 5.0
    """A lost network may come back for so long after the loss was noticed, which takes 8 s."""


class PeerListener(Protocol):
    """Told by a peer, from the event loop, what happens."""

    def on_open(self, max_message_bytes: int) -> None:
        """The data channel is open; the peer takes messages up to this size."""
        ...

    def on_text(self, text: bytes) -> None:
        """A text message came."""
        ...

    def on_binary(self) -> None:
        """A binary message came; events are text."""
        ...

    def on_room(self) -> None:
        """What was sent is on its way."""
        ...

    def on_end(self) -> None:
        """The connection is over, whoever ended it; nothing comes after this."""
        ...


class Peer(Protocol):
    """One connection that was answered. Everything but `drain` returns at once."""

    @property
    def has_channel(self) -> bool:
        """Whether events can be exchanged at all, now or later."""
        ...

    @property
    def unsent_bytes(self) -> int:
        """Bytes of messages that the peer has not taken yet."""
        ...

    @property
    def is_connected(self) -> bool:
        """Whether sound can be exchanged; still so while the network is lost for a moment."""
        ...

    def play(self, frame: bytes) -> None:
        """Let the listener hear the next `FRAME_BYTES`; they are lost unless `is_connected`."""
        ...

    def heard(self) -> bytes:
        """Return what the microphone heard since the last call: whole samples, 24 kHz mono."""
        ...

    def send(self, text: bytes) -> None:
        """Send a message.

        Raises:
            TransportClosed: the channel is closed.
        """
        ...

    async def drain(self) -> None:
        """Wait until the peer has taken what was sent, a second at most."""
        ...

    def close(self) -> None:
        """End the connection and free everything; the listener is told nothing any more."""
        ...
