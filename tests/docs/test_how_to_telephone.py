"""The application and the configuration of the page, with the official client and a telephone."""

import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web
from openai import AsyncOpenAI

from tests.api.office import opened_office
from tests.api.webhook_receiver import SECRET
from tests.phone import calling
from vivavoce.config_tables import Config
from vivavoce.transports.sip.events import Answered

PAGE = (Path(__file__).parents[2] / "docs/how-to/telephone.md").read_text()


async def test_the_application_of_the_page_answers_and_greets() -> None:
    names: dict[str, Any] = {}
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(compile(program, "application.py", "exec"), names)
    async with (
        opened_office() as office,
        AsyncOpenAI(
            base_url=f"{office.server.url}/v1", api_key="any", webhook_secret=SECRET
        ) as client,
    ):
        runner = web.AppRunner(names["application"](client))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        async with calling(office.uri) as phone:
            event = await office.incoming()
            hook = f"http://{host}:{port}/hook"
            headers = dict(office.receiver.headers[0])
            answer = await office.server.http.post(
                hook, data=office.receiver.bodies[0], headers=headers
            )
            assert answer.status == 200
            await phone.happened(Answered)
            await phone.heard_sound(0.2)
            assert (await office.ask(event.data.call_id, "hangup")) == (200, {})
        await runner.cleanup()


def test_the_configurations_of_the_page_are_ones() -> None:
    tables = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)

    assert len(tables) == 6
    for table in tables:
        msgspec.convert(tomllib.loads(table), Config)
