"""Webhook endpoints, as the configuration names them."""

from pathlib import Path

import pytest

from tests.api.webhook_receiver import SECRET
from vivavoce.assembly.webhook_endpoints import webhook_endpoints
from vivavoce.config import load_config
from vivavoce.errors import ConfigError
from vivavoce.runtime.webhook_endpoint import signing_key

URL = 'url = "https://app.example/hook"'


def configured(tmp_path: Path, *tables: str) -> Path:
    file = tmp_path / "vivavoce.toml"
    file.write_text("".join(f"[[webhooks]]\n{table}\n" for table in tables))
    return file


def test_a_secret_comes_from_the_environment_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    file = configured(
        tmp_path,
        f'{URL}\nsecret_env = "HOOK_SECRET"',
        f'url = "http://b.example/"\nsecret_file = "{tmp_path / "secret"}"\n'
        'events = ["vivavoce.call.ended"]',
    )

    first, second = webhook_endpoints(load_config(file, environment={"HOOK_SECRET": "plain"}))

    assert (first.key, first.events) == (b"plain", ("realtime.call.incoming",))
    assert (second.key, second.events) == (signing_key(SECRET), ("vivavoce.call.ended",))


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ([URL], r"webhooks\[0\]: give either secret_env or secret_file"),
        ([f'{URL}\nsecret_env = "A"\nsecret_file = "b"'], "give either"),
        ([f'{URL}\nsecret_env = "NOT_THERE"'], "there is no NOT_THERE in the environment"),
        ([f'{URL}\nsecret_file = "not/there"'], "can't read not/there"),
        ([f'{URL}\nsecret_env = "BAD"'], "no base64"),
        (['url = "ftp://app.example"\nsecret_env = "GOOD"'], "no http or https address"),
        ([f'{URL}\nsecret_env = "GOOD"'] * 2, r"webhooks\[1\]\.url: this endpoint stands there"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(
    tmp_path: Path, tables: list[str], said: str
) -> None:
    file = configured(tmp_path, *tables)

    with pytest.raises(ConfigError, match=said):
        webhook_endpoints(load_config(file, environment={"BAD": "whsec_%%", "GOOD": SECRET}))
