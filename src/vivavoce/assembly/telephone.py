"""Opens the telephone of a server, from its configuration."""

import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from msgspec import UNSET

from vivavoce.api.dialling import Dialler
from vivavoce.api.gateway import Gateway
from vivavoce.api.telephone import AutoAnswer, Telephone, auto_answer_options
from vivavoce.api.telephone_reading import read_ahead
from vivavoce.api.webhooks import Webhooks
from vivavoce.config import Loaded
from vivavoce.config_tables import AnswerConfig, Config
from vivavoce.errors import ConfigError, ProtocolError
from vivavoce.interfaces import Engines
from vivavoce.protocol.session import AudioOutputUpdate, AudioUpdate, RealtimeSessionUpdate
from vivavoce.protocol.webhooks import CALL_INCOMING
from vivavoce.transports.rtp.session import RtpEndpoint
from vivavoce.transports.sip.server import SipServer

LOG = logging.getLogger(__name__)


def check_telephone(config: Config) -> None:
    """Refuse a telephone that is of no use, and an answer without a telephone.

    Raises:
        ConfigError: with the setting that is missing.
    """
    answer, is_on = config.telephone.answer, config.sip is not None
    calls_out = config.sip is not None and bool(config.sip.trunks)
    tells = any(CALL_INCOMING in endpoint.events for endpoint in config.webhooks)
    if is_on and answer is None and not tells and not calls_out:
        raise ConfigError(
            f"nobody would answer: add [telephone.answer], or [[webhooks]] for {CALL_INCOMING}",
            path="sip",
        )
    if not is_on and answer is not None:
        raise ConfigError("there are no calls to answer without [sip]", path="telephone.answer")
    if not is_on and config.webhooks:
        raise ConfigError("there is nothing to tell without [sip]", path="webhooks")


@asynccontextmanager
async def open_telephone(
    loaded: Loaded,
    gateway: Gateway,
    webhooks: Webhooks,
    tls: ssl.SSLContext | None,
    engines: Engines,
) -> AsyncIterator[None]:
    """Take calls until the block is left; without `[sip]` there are none.

    Args:
        loaded: the configuration; `check_telephone` has passed it.
        gateway: of the server; its engines are open.
        webhooks: who is told of calls.
        tls: the server's certificate, for `sip.tls_port`; None: there is none.
        engines: of the server.

    Raises:
        ConfigError: an address can't be had, or calls can't be answered as configured.
    """
    config = loaded.config
    if config.sip is None:
        yield
        return
    auto_answer = None
    if config.telephone.answer is not None:
        if config.telephone.answer.greeting_line and engines.speak is None:
            raise ConfigError(
                "the engine speaks nothing but answers", path="telephone.answer.greeting_line"
            )
        auto_answer = _auto_answer(config.telephone.answer)
        try:
            await auto_answer_options(gateway, engines, auto_answer)
        except ProtocolError as error:
            raise ConfigError(error.message, path="telephone.answer") from error
        _warn_of_approvals(config.telephone.answer)
    gateway.telephone_calls.cancels_echo = config.telephone.echo_cancellation
    rtp = RtpEndpoint(config.rtp, gateway.clock)
    telephone = Telephone(gateway, rtp, webhooks, auto_answer)
    async with SipServer(config.sip, gateway.clock, telephone.on_call, server_tls=tls) as server:
        for name, (host, port) in server.listening.items():
            LOG.info("telephone: sip:%s:%d;transport=%s", host, port, name)
        if config.sip.trunks:
            dialler = Dialler(gateway, telephone, rtp, server, config.sip.trunks)
            gateway.telephone_calls.dial = dialler.dial
        if auto_answer is not None:
            reading = read_ahead(gateway, engines, auto_answer)
            gateway.background.start(reading, "reading what calls begin with")
        yield


def _warn_of_approvals(config: AnswerConfig) -> None:
    for tool in config.tools:
        if tool.require_approval in (UNSET, None, "always"):
            LOG.warning(
                "telephone.answer: the tools of '%s' wait for approval, which only a sideband can "
                'give; with require_approval = "never" they need none',
                tool.server_label,
            )


def _auto_answer(config: AnswerConfig) -> AutoAnswer:
    voice = (
        UNSET if config.voice is None else AudioUpdate(output=AudioOutputUpdate(voice=config.voice))
    )
    session = RealtimeSessionUpdate(
        model=UNSET if config.model is None else config.model,
        instructions=UNSET if config.instructions is None else config.instructions,
        audio=voice,
        tools=config.tools or UNSET,
    )
    return AutoAnswer(
        session=session,
        greeting=config.greeting,
        line=config.greeting_line,
        continues=config.continue_after_call,
    )
