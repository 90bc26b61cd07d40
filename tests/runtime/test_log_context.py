import logging

import pytest

from tests.runtime.fakes import Fakes, ScriptedRules, running
from vivavoce.runtime.log_context import SessionIdFilter


async def test_every_line_of_a_session_carries_its_id(caplog: pytest.LogCaptureFixture) -> None:
    caplog.handler.addFilter(SessionIdFilter())
    caplog.set_level(logging.INFO)
    run = running(ScriptedRules(lambda item: ()), Fakes())

    run.client.leave()
    await run.runner.run()
    logging.getLogger("vivavoce").info("afterwards")

    ids = [getattr(record, "session_id", None) for record in caplog.records]
    assert ids == ["sess_1", "sess_1", "-"]
