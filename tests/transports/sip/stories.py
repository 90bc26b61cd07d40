"""Stories of incoming calls, told over an in-memory network in virtual time."""

from collections.abc import Awaitable, Callable

from tests.transports.sip.calls import Owner
from tests.transports.sip.network import run_on_network
from tests.transports.sip.peer import Peer
from tests.virtual_time import VirtualClock
from vivavoce.transports.sip.server import SipServer
from vivavoce.transports.sip.settings import SipSettings

SERVER = ("127.0.0.1", 5060)
Story = Callable[[SipServer, Peer, Owner], Awaitable[None]]


def play(story: Story, owner: Owner | None = None, **settings: object) -> None:
    """Run a story with a server, a peer and an owner of calls."""

    async def main() -> None:
        whose = owner or Owner()
        chosen = SipSettings(tcp_port=None, **settings)  # type: ignore[arg-type]  # passed on
        async with (
            SipServer(chosen, VirtualClock(), whose) as server,
            Peer(SERVER) as peer,
        ):
            await story(server, peer, whose)

    run_on_network(main())
