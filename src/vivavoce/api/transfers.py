"""Transfers of telephone calls: asked for, followed, and told to those who want to know."""

import logging
from typing import Literal

from vivavoce.api.gateway import Gateway
from vivavoce.api.telephone_calls import TelephoneCall
from vivavoce.errors import TransportClosed
from vivavoce.protocol.extensions import VivavoceCallTransfer
from vivavoce.runtime.runner import SessionRunner
from vivavoce.transports.sip.events import ReferProgress

LOG = logging.getLogger(__name__)

TRANSFERRED = 1000

Outcome = Literal["trying", "succeeded", "failed"]


async def follow_transfer(
    gateway: Gateway, call: TelephoneCall, session: SessionRunner, target_uri: str
) -> None:
    """Transfer a call; if that fails it goes on as before, if it succeeds it is ended here."""
    try:
        async for progress in call.leg.refer(target_uri):
            outcome = outcome_of(progress)
            LOG.info("call %s to %s: %s %d", call.call_id, target_uri, outcome, progress.status)
            session.tell(
                VivavoceCallTransfer(
                    event_id=gateway.new_id("event"),
                    call_id=call.call_id,
                    target_uri=target_uri,
                    status=progress.status,
                    outcome=outcome,
                )
            )
            if outcome == "succeeded":
                session.stop(TRANSFERRED, "The call was transferred.")
    except TransportClosed:
        LOG.info("call %s was over before its transfer", call.call_id)
    finally:
        call.is_being_transferred = False


def outcome_of(progress: ReferProgress) -> Outcome:
    """Return what one report of a transfer means."""
    if not progress.is_final:
        return "trying"
    return "succeeded" if 200 <= progress.status < 300 else "failed"
