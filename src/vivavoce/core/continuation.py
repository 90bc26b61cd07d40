"""What the server's tools brought and no response has seen yet: reasons for the session to go on.

Only where the operator wants it (`SessionOptions.continue_after_call`). By the protocol a client
asks for the next response (50-flows, section 11); in a telephone call that is answered from the
configuration alone there is no client.
"""

from dataclasses import dataclass, field

from vivavoce.core.response import Response
from vivavoce.protocol.items import FunctionCall


@dataclass(slots=True)
class Continuation:
    """Knows which responses have calls whose ends nobody has spoken of."""

    n_rounds: int = 0
    """Responses begun by the session itself since the last that somebody else caused."""
    _due: set[str] = field(default_factory=set)
    """Ids of responses a call of which has ended, since the language model was last asked."""
    _given_up: set[str] = field(default_factory=set)
    """Ids of responses after whose calls the client goes on, or nobody."""

    @property
    def due(self) -> frozenset[str]:
        """Ids of the responses whose calls are to be spoken of."""
        return frozenset(self._due)

    def call_ended(self, response_id: str) -> None:
        """A call of a response has ended, well or badly."""
        if response_id not in self._given_up:
            self._due.add(response_id)

    def give_up(self, response_id: str) -> None:
        """Do not go on after the calls of a response, whether they have ended or not."""
        self._given_up.add(response_id)
        self._due.discard(response_id)

    def response_ended(self, response: Response) -> None:
        """Leave a response to the client that has to bring the output of a function."""
        if any(isinstance(record.item, FunctionCall) for record in response.written):
            self.give_up(response.response_id)

    def settle(self) -> None:
        """All that has ended so far is being answered, or will be when the client asks for it."""
        self._due.clear()
