"""What looks at a text while it is being written, and says how far it may be let go."""

from typing import Protocol

from msgspec import Struct


class Scan(Struct, frozen=True):
    """What is known of a text so far."""

    clear_to: int
    """Place up to which nothing that may come can make it a violation."""
    is_violated: bool = False
    """Whether there is one behind `clear_to`."""


class Scanner(Protocol):
    """Looks at one message. Quick, synchronous."""

    def push(self, text: str, *, is_clause: bool) -> Scan:
        """Take more text.

        Args:
            text: what follows.
            is_clause: whether it ends where a word ends, as pieces do that are spoken one by one.
        """
        ...

    def end(self) -> Scan:
        """The message is over."""
        ...
