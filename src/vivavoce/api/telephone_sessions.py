"""From a telephone call that rings to the session that answers it."""

from contextlib import ExitStack

from msgspec import structs

from vivavoce.api.gateway import Gateway
from vivavoce.api.running import begun_session, sound_exchanged
from vivavoce.api.telephone_calls import TelephoneCall
from vivavoce.core.options import SessionOptions
from vivavoce.errors import ProtocolError, TransportClosed
from vivavoce.interfaces import Engines
from vivavoce.runtime.directory import Joinable
from vivavoce.runtime.playout import Playout
from vivavoce.runtime.runner import SessionRunner
from vivavoce.transports.rtp.refusal import MediaRefused
from vivavoce.transports.sip.incoming import IncomingCall


def accept_call(
    gateway: Gateway,
    engines: Engines,
    call: TelephoneCall,
    options: SessionOptions,
    *,
    key_id: str,
    owner: str | None,
    opened_by: str,
) -> None:
    """Answer a call that rings; from now on its session lives and can be joined.

    Nothing is waited for, so that no two can accept the same call.

    Args:
        gateway: of the server; has room.
        engines: of the server.
        call: rings.
        options: of the session; all of it can be enacted.
        key_id: of the standard key whose session it is.
        owner: who may join it, see `Joinable`.
        opened_by: for the log.

    Raises:
        ProtocolError: the call is over, or its media can't be agreed on any more.
    """
    _pick_up(call)
    begin_session(gateway, engines, call, options, key_id=key_id, owner=owner, opened_by=opened_by)


def begin_session(
    gateway: Gateway,
    engines: Engines,
    call: TelephoneCall,
    options: SessionOptions,
    *,
    key_id: str,
    owner: str | None,
    opened_by: str,
) -> None:
    """Let the session of a call begin; arguments as for `accept_call`."""
    with ExitStack() as places:
        places.enter_context(gateway.directory.place())
        places.enter_context(gateway.accounts.of(key_id).place())
        playout, transport = Playout(), call.transport
        cancels_echo = gateway.telephone_calls.cancels_echo
        runner = begun_session(
            gateway,
            engines,
            transport,
            structs.replace(options, plays_out=True),
            key_id=key_id,
            dialect="ga",
            opened_by=f"{opened_by}, call {call.call_id}",
            playout=playout,
            settings=structs.replace(gateway.settings, cancels_echo=cancels_echo),
        )
        call.session, call.owner, call.begun_at = runner, owner, gateway.clock.now()
        joinable = Joinable(owner=owner, call_id=call.call_id)
        places.enter_context(gateway.directory.listed(runner.session_id, runner, joinable))
        places.enter_context(sound_exchanged(gateway, transport, playout, runner))
        gateway.background.start(_hold(call, runner, places.pop_all()), name=call.call_id)


def _pick_up(call: TelephoneCall) -> None:
    assert isinstance(call.leg, IncomingCall)
    offer = call.leg.caller.offer
    try:
        call.leg.accept(call.media.offer() if offer is None else call.media.answer(offer))
    except (TransportClosed, MediaRefused) as error:
        raise no_such_call(call.call_id) from error


async def _hold(call: TelephoneCall, runner: SessionRunner, places: ExitStack) -> None:
    try:
        with places:
            await runner.run()
    finally:
        call.session_has_ended.set()
        call.leg.hangup()


def no_such_call(call_id: str) -> ProtocolError:
    """Return the refusal of an id that names no call that goes on."""
    return ProtocolError(
        f"No call with id '{call_id[:100]}' is under way.",
        code="call_id_not_found",
        param="call_id",
    )
