"""`vivavoce webhooks`."""

import asyncio
from contextlib import closing
from pathlib import Path

from openai import OpenAI

from tests.api.webhook_receiver import SECRET, receiving
from tests.cli.test_commands import vivavoce
from vivavoce.store.database import connect
from vivavoce.store.tables import FILE_NAME, SCHEMAS
from vivavoce.store.webhooks import Delivery, keep_deliveries

BODY = b'{"id":"evt_1","type":"realtime.call.incoming","created_at":1,"object":"event"}'


def keep(home: Path, url: str) -> None:
    delivery = Delivery(
        webhook_id="wh_1",
        url=url,
        event_type="realtime.call.incoming",
        body=BODY,
        created_at=1_700_000_000,
        next_at=0,
        state="failed",
        attempts=3,
        outcome="status 500",
    )
    with closing(connect(home / FILE_NAME, SCHEMAS)) as connection, connection:
        keep_deliveries(connection, [delivery])


def configure(home: Path, url: str) -> None:
    (home / "secret").write_text(f"{SECRET}\n")
    (home / "config.toml").write_text(
        f'[[webhooks]]\nurl = "{url}"\nsecret_file = "{home / "secret"}"\n'
    )


def test_deliveries_are_listed_and_shown(tmp_path: Path) -> None:
    keep(tmp_path, "http://app.example/hook")

    listed = vivavoce(tmp_path, "webhooks", "list").stdout
    shown = vivavoce(tmp_path, "webhooks", "show", "wh_1").stdout

    for part in ("wh_1", "realtime.call.incoming", "failed", "3", "status 500"):
        assert part in listed
    assert shown.encode().strip() == BODY


async def test_a_delivery_is_sent_again_with_its_id_and_a_fresh_signature(tmp_path: Path) -> None:
    async with receiving(204, 500) as receiver:
        keep(tmp_path, receiver.url)
        configure(tmp_path, receiver.url)
        sent = await asyncio.to_thread(vivavoce, tmp_path, "webhooks", "replay", "wh_1")
        refused = await asyncio.to_thread(vivavoce, tmp_path, "webhooks", "replay", "wh_1")

    assert sent.stdout == f"{receiver.url}: status 204\n"
    assert receiver.headers[0]["webhook-id"] == "wh_1"
    client = OpenAI(api_key="any", webhook_secret=SECRET)
    client.webhooks.verify_signature(receiver.bodies[0], receiver.headers[0])
    assert (refused.returncode, refused.stderr) == (1, f"vivavoce: {receiver.url}: status 500\n")


def test_what_cannot_be_sent_is_said_in_one_line(tmp_path: Path) -> None:
    keep(tmp_path, "http://app.example/hook")
    configure(tmp_path, "http://other.example/hook")

    unknown = vivavoce(tmp_path, "webhooks", "replay", "wh_2")
    elsewhere = vivavoce(tmp_path, "webhooks", "replay", "wh_1")

    assert unknown.stderr == "vivavoce: there is no delivery wh_2\n"
    assert elsewhere.stderr == "vivavoce: webhooks: there is no endpoint http://app.example/hook\n"
