"""What the far side of a telephone call does, and what follows from it, to the call's end."""

import logging
from typing import Literal

from vivavoce.api.gateway import Gateway
from vivavoce.api.telephone_calls import TelephoneCall
from vivavoce.protocol.extensions import VivavoceCallProgress
from vivavoce.transports.rtp.refusal import MediaRefused
from vivavoce.transports.sip.events import Acknowledged, Answered, Ended, Reoffer, Ringing

LOG = logging.getLogger(__name__)

ANSWERED = 200


async def followed(gateway: Gateway, call: TelephoneCall) -> Ended:
    """Do what the far side asks for, and tell what it does, until the call is over."""
    async for event in call.leg.events():
        match event:
            case Ringing(status=status):
                _tell(gateway, call, "ringing", status)
            case Answered(sdp=answer):
                _agree(call, answer)
                _tell(gateway, call, "answered", ANSWERED)
            case Acknowledged(sdp=str() as answer):
                _agree(call, answer)
            case Reoffer():
                _settle(call, event)
            case Ended(reason="refused", status=int() as status):
                _tell(gateway, call, "refused", status)
                return event
            case Ended(reason="unanswered", status=int() as status):
                _tell(gateway, call, "unanswered", status)
                return event
            case Ended():
                return event
            case _:
                pass  # early media: what rings would be taken for what is said
    raise AssertionError("the last event of every call is its end")


def _tell(
    gateway: Gateway,
    call: TelephoneCall,
    state: Literal["ringing", "answered", "refused", "unanswered"],
    status: int,
) -> None:
    LOG.info("call %s: %s, %d", call.call_id, state, status)
    if call.session is not None:
        event_id = gateway.new_id("event")
        progress = VivavoceCallProgress(
            event_id=event_id, call_id=call.call_id, state=state, status=status
        )
        call.session.tell(progress)


def _agree(call: TelephoneCall, answer: str) -> None:
    try:
        call.media.accept(answer)
    except MediaRefused as error:
        LOG.info("call %s hung up: %s", call.call_id, error.reason)
        call.leg.hangup()


def _settle(call: TelephoneCall, reoffer: Reoffer) -> None:
    """Hold, go on, or send elsewhere, as the far side wants."""
    media = call.media
    try:
        reoffer.answer(media.offer() if reoffer.sdp is None else media.answer(reoffer.sdp))
    except MediaRefused as error:
        LOG.info("call %s stays as it was: %s", call.call_id, error.reason)
        reoffer.refuse(error.status)
