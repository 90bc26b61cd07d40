"""The telephone, as the configuration wants it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.api.server import served
from vivavoce.api.gateway import Gateway
from vivavoce.api.webhooks import open_webhooks
from vivavoce.assembly.telephone import check_telephone, open_telephone
from vivavoce.config import SECRET, Loaded, load_config
from vivavoce.config_tables import Config
from vivavoce.errors import ConfigError

HOOK = '[[webhooks]]\nurl = "http://app.example/"\nsecret_env = "S"\n'
PORTS = "[sip]\nudp_port = 0\ntcp_port = 0\n"


def configured(tmp_path: Path, text: str) -> Loaded:
    file = tmp_path / "vivavoce.toml"
    file.write_text(text)
    return load_config(file, environment={})


@asynccontextmanager
async def opened(loaded: Loaded) -> AsyncIterator[Gateway]:
    async with served() as server:
        gateway, engines = server.gateway, server.fakes.engines()
        async with (
            open_webhooks(
                (), gateway.database, gateway.clock, gateway.background, gateway.new_id
            ) as webhooks,
            open_telephone(loaded, gateway, webhooks, None, engines),
        ):
            yield gateway


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[sip]\n", "sip: nobody would answer"),
        (f'[sip]\n{HOOK}events = ["vivavoce.call.ended"]\n', "sip: nobody would answer"),
        ("[telephone.answer]\n", "telephone.answer: there are no calls"),
        (HOOK, "webhooks: there is nothing to tell"),
    ],
)
def test_a_telephone_that_could_not_work_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        check_telephone(configured(tmp_path, text).config)


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"[sip]\n{HOOK}",
        "[sip]\n[telephone.answer]\n",
        '[sip]\n[sip.trunks.office]\naddress = "pbx"\n',
    ],
)
def test_a_telephone_that_is_answered_or_calls_is_fine(tmp_path: Path, text: str) -> None:
    check_telephone(configured(tmp_path, text).config)


async def test_without_a_telephone_nothing_is_opened() -> None:
    async with opened(Loaded(Config())) as gateway:
        assert gateway.telephone_calls.dial is None


async def test_the_telephone_opens_with_the_answer_that_is_configured(tmp_path: Path) -> None:
    text = (
        f'{PORTS}[telephone.answer]\ninstructions = "Be kind."\nmodel = "gpt-realtime"\n'
        '[telephone]\necho_cancellation = true\n[sip.trunks.office]\naddress = "127.0.0.1"\n'
    )
    async with opened(configured(tmp_path, text)) as gateway:
        assert gateway.telephone_calls.cancels_echo
        assert gateway.telephone_calls.dial is not None


@pytest.mark.parametrize(
    ("answer", "said"),
    [('model = "gpt-2"', "model 'gpt-2' does not exist"), ('voice = "nobody"', "nobody")],
)
async def test_an_answer_that_cannot_be_had_is_refused_at_the_start(
    tmp_path: Path, answer: str, said: str
) -> None:
    loaded = configured(tmp_path, f"{PORTS}[telephone.answer]\n{answer}\n")

    with pytest.raises(ConfigError, match=said):
        async with opened(loaded):
            pass


async def test_tls_needs_a_certificate(tmp_path: Path) -> None:
    text = "[sip]\nudp_port = 0\ntcp_port = 0\ntls_port = 0\n[telephone.answer]\n"

    with pytest.raises(ConfigError, match="certificate"):
        async with opened(configured(tmp_path, text)):
            pass


def test_passwords_of_callers_and_trunks_are_never_shown(tmp_path: Path) -> None:
    file = tmp_path / "vivavoce.toml"
    file.write_text(
        '[sip.users]\nann = "ann-secret"\n[sip.trunks.office]\naddress = "pbx"\npassword = "pw"\n'
    )
    loaded = load_config(file, environment={"VIVAVOCE_SIP__TRUNKS__OFFICE__PASSWORD": "1234"})

    shown = {name: value for name, value, _ in loaded.effective()}
    assert loaded.config.sip is not None
    assert loaded.config.sip.trunks["office"].password == "1234"
    assert loaded.config.sip.users == {"ann": "ann-secret"}
    assert SECRET in str(shown)
    for secret in ("ann-secret", "pw'", "1234"):
        assert secret not in str(shown)


def test_a_way_in_can_be_closed(tmp_path: Path) -> None:
    loaded = configured(tmp_path, '[sip]\nudp_port = "none"\nsession_timer_s = "none"\n')

    assert loaded.config.sip is not None
    assert (loaded.config.sip.udp_port, loaded.config.sip.session_timer_s) == (None, None)
    assert loaded.config.sip.tcp_port == 5060
