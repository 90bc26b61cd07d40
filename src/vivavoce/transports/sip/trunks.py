"""Trunks: where they are, who we are there, and registering (RFC 3261, section 10)."""

import asyncio
import logging
from typing import Literal

from aiosipua import SipRequest, SipResponse
from aiosipua.headers import parse_uri

from vivavoce.errors import ConfigError
from vivavoce.transports.sip.addresses import Hop, UnknownAddress, hop_of
from vivavoce.transports.sip.digest import Credentials
from vivavoce.transports.sip.endpoint import Endpoint, cseq_counter
from vivavoce.transports.sip.framing import PING
from vivavoce.transports.sip.messages import USER_AGENT, new_token, number_in, uri_of
from vivavoce.transports.sip.settings import SipTrunk
from vivavoce.transports.sip.sockets import Flow

LOG = logging.getLogger(__name__)

LONGEST_REGISTRATION_S = 3600
RENEW_SHARE = 0.8
"""Of the time a registration holds; then it is renewed."""
FIRST_RETRY_S, LONGEST_RETRY_S = 5.0, 300.0
KEEP_ALIVE_S = 25.0
"""Between keep-alives, so that address translation keeps the way open (RFC 5626, 4.4.1)."""
GOODBYE_S = 2.0

RegistrationState = Literal["registering", "registered", "failed"]


class Trunk:
    """A configured trunk, ready for use."""

    def __init__(self, name: str, settings: SipTrunk) -> None:
        """Read its address.

        Raises:
            ConfigError: the address can't be used, or a registration lacks its user.
        """
        path = f"sip.trunks.{name}"
        uri = settings.address
        uri = uri if uri.lower().startswith(("sip:", "sips:")) else f"sip:{uri}"
        try:
            self.hop: Hop = hop_of(uri)
        except UnknownAddress as error:
            raise ConfigError(str(error), path=f"{path}.address") from error
        if settings.register and not settings.user:
            raise ConfigError("registering needs a user", path=f"{path}.user")
        self.name = name
        self.settings = settings
        self.domain = settings.domain or parse_uri(uri).host
        self.credentials = Credentials(settings.user, settings.password) if settings.user else None

    @property
    def own_address(self) -> str:
        """URI of ours at the trunk."""
        user = self.settings.caller or self.settings.user or "vivavoce"
        return f"sip:{user}@{self.domain}"

    def uri_of_target(self, target: str) -> str:
        """Return the URI to call: a number gets the trunk's domain, a `sip:` URI stays."""
        if target.lower().startswith(("sip:", "sips:")):
            return target
        number = target[4:] if target.lower().startswith("tel:") else target
        return f"sip:{number.partition(';')[0]}@{self.domain}"


class Registration:
    """Keeps us registered at one trunk; its state is for the operator to see."""

    def __init__(self, endpoint: Endpoint, trunk: Trunk) -> None:
        self.trunk = trunk
        self.state: RegistrationState = "registering"
        self.status: int | None = None
        """What the trunk said last."""
        self._endpoint = endpoint
        self._flow: Flow | None = None
        self._call_id = new_token()
        self._tag = new_token()
        self._cseq = 0

    def is_from_trunk(self, flow: Flow) -> bool:
        """Say whether something came from the trunk that we are registered at."""
        if self.state != "registered" or self._flow is None:
            return False
        same_kind = flow.transport_name == self._flow.transport_name
        return same_kind and flow.peer == self._flow.peer

    async def run(self) -> None:
        """Register, and again before each end."""
        retry_s = FIRST_RETRY_S
        while True:
            held_s = await self._register(self.trunk.settings.register_s)
            if held_s is None:
                if self.state != "failed":
                    LOG.warning("trunk %s: not registered (%s)", self.trunk.name, self.status)
                self.state = "failed"
                await asyncio.sleep(retry_s)
                retry_s = min(2 * retry_s, LONGEST_RETRY_S)
                continue
            if self.state != "registered":
                LOG.info("trunk %s: registered", self.trunk.name)
            self.state = "registered"
            retry_s = FIRST_RETRY_S
            await self._keep_alive(held_s * RENEW_SHARE)

    async def end(self) -> None:
        """Take the registration back, if that goes quickly."""
        if self.state != "registered":
            return
        try:
            async with asyncio.timeout(GOODBYE_S):
                await self._register(0)
        except TimeoutError:
            LOG.info("trunk %s: the registration ends by itself", self.trunk.name)

    async def _register(self, wish_s: int) -> float | None:
        """Return how long it holds; None if it failed."""
        try:
            flow = await self._endpoint.flow_to(self.trunk.hop)
        except UnknownAddress as error:
            LOG.debug("%s", error)
            self.status = 503
            return None
        self._flow = flow
        response = await self._send(flow, wish_s)
        if response.status_code == 423:
            least_s = number_in(response.headers.get_first("Min-Expires")) or wish_s
            wish_s = min(max(least_s, wish_s), LONGEST_REGISTRATION_S)
            response = await self._send(flow, wish_s)
        self.status = response.status_code
        if response.status_code >= 300:
            return None
        return float(_granted_s(response, self._endpoint.contact(flow)) or wish_s)

    async def _send(self, flow: Flow, wish_s: int) -> SipResponse:
        self._cseq += 1
        endpoint, address = self._endpoint, f"sip:{self.trunk.settings.user}@{self.trunk.domain}"
        request = SipRequest(method="REGISTER", uri=f"sip:{self.trunk.domain}")
        for name, value in (
            ("Via", endpoint.via(flow)),
            ("Max-Forwards", "70"),
            ("From", f"<{address}>;tag={self._tag}"),
            ("To", f"<{address}>"),
            ("Call-ID", self._call_id),
            ("CSeq", f"{self._cseq} REGISTER"),
            ("Contact", endpoint.contact(flow)),
            ("Expires", str(wish_s)),
            ("User-Agent", USER_AGENT),
        ):
            request.headers.append(name, value)
        count = cseq_counter(request)

        def next_cseq() -> int:
            self._cseq = count()
            return self._cseq

        return await endpoint.exchange(request, flow, self.trunk.credentials, next_cseq)

    async def _keep_alive(self, until_s: float) -> None:
        while until_s > 0:
            await asyncio.sleep(min(until_s, KEEP_ALIVE_S))
            until_s -= KEEP_ALIVE_S
            if self._flow is None or not self._flow.send(PING):
                return  # the connection is gone: the trunk can't reach us, so register anew


def _granted_s(response: SipResponse, contact: str) -> int | None:
    """Read how long the registrar keeps our Contact; None if it does not say."""
    for value in response.headers.get("Contact"):
        if uri_of(value) == uri_of(contact):
            for param in value.rpartition(">")[2].split(";"):
                name, _, seconds = param.partition("=")
                if name.strip().lower() == "expires":
                    return number_in(seconds)
    return number_in(response.headers.get_first("Expires"))
