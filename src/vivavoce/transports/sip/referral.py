"""Transfers: REFER, and what the far side tells of them (RFC 3515)."""

import asyncio
import re
from collections.abc import AsyncIterator

from aiosipua import SipRequest

from vivavoce.transports.sip.events import ReferProgress
from vivavoce.transports.sip.messages import number_in

PATIENCE_S = 60.0
"""For the next word of the far side; a target may ring for a while."""
ACCEPTED = 202
MAX_UNREAD = 64
_FRAGMENT = re.compile(rb"SIP/2\.0 ([1-6][0-9][0-9])(?: |\r|\n|$)")


class Referral:
    """One REFER of ours and the NOTIFYs that belong to it."""

    def __init__(self, number: int) -> None:
        self.number = number
        """CSeq of the REFER, which the far side may name as `id`."""
        self._progress: asyncio.Queue[ReferProgress | None] = asyncio.Queue()
        self._is_over = False
        self._is_answered = False

    @property
    def is_over(self) -> bool:
        """Whether nothing more is waited for."""
        return self._is_over

    def on_response(self, status: int) -> None:
        """The REFER itself is answered."""
        if not self._is_answered:
            self._is_answered = True
            self._put(ReferProgress(status, is_final=status >= 300))

    def on_notify(self, notify: SipRequest) -> bool:
        """Take a NOTIFY; False if it tells nothing that can be understood."""
        self.on_response(ACCEPTED)  # a NOTIFY may overtake the answer (section 2.4.4)
        state = (notify.headers.get_first("Subscription-State") or "").partition(";")[0]
        has_ended = state.strip().lower() == "terminated"
        found = _FRAGMENT.match(notify.body.lstrip())
        if found is None:
            if has_ended:
                self.close()
            return has_ended
        status = int(found[1])
        self._put(ReferProgress(status, is_final=status >= 200))
        if has_ended:
            self.close()
        return True

    def close(self) -> None:
        """Nothing more will come."""
        if not self._is_over:
            self._is_over = True
            self._progress.put_nowait(None)

    async def progress(self) -> AsyncIterator[ReferProgress]:
        """Yield what happens, until it is decided or the call ends."""
        while True:
            try:
                async with asyncio.timeout(PATIENCE_S):
                    progress = await self._progress.get()
            except TimeoutError:
                self._is_over = True
                progress = ReferProgress(408, is_final=True)
            if progress is None:
                return
            yield progress
            if progress.is_final:
                self._is_over = True
                return

    def _put(self, progress: ReferProgress) -> None:
        if not self._is_over and self._progress.qsize() < MAX_UNREAD:
            self._progress.put_nowait(progress)


def names_referral(notify: SipRequest) -> tuple[bool, int | None]:
    """Say whether a NOTIFY is about a transfer, and which one if it says so."""
    package, _, params = (notify.headers.get_first("Event") or "").partition(";")
    number = None
    for param in params.split(";"):
        name, _, value = param.partition("=")
        if name.strip().lower() == "id":
            number = number_in(value)
    return package.strip().lower() == "refer", number
