"""The webhook endpoints of a configuration, with their secrets."""

from pathlib import Path

from vivavoce.config import Loaded
from vivavoce.config_tables import WebhookConfig
from vivavoce.errors import ConfigError
from vivavoce.runtime.webhook_endpoint import Endpoint, signing_key


def webhook_endpoints(loaded: Loaded) -> tuple[Endpoint, ...]:
    """Return where events are delivered to.

    Raises:
        ConfigError: an endpoint has no usable address or secret, or stands there twice.
    """
    endpoints = tuple(
        Endpoint(
            url=_checked_url(config.url, f"webhooks[{number}].url"),
            key=_key(loaded, config, f"webhooks[{number}]"),
            events=config.events,
        )
        for number, config in enumerate(loaded.config.webhooks)
    )
    urls = [endpoint.url for endpoint in endpoints]
    for number, url in enumerate(urls):
        if url in urls[:number]:
            raise ConfigError("this endpoint stands there already", path=f"webhooks[{number}].url")
    return endpoints


def _checked_url(url: str, path: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise ConfigError("this is no http or https address", path=path)
    return url


def _key(loaded: Loaded, config: WebhookConfig, path: str) -> bytes:
    if (config.secret_env is None) == (config.secret_file is None):
        raise ConfigError("give either secret_env or secret_file", path=path)
    if config.secret_env is not None:
        name = "secret_env"
        secret = loaded.environment.get(config.secret_env, "")
        if not secret:
            message = f"there is no {config.secret_env} in the environment"
            raise ConfigError(message, path=f"{path}.{name}")
    else:
        name = "secret_file"
        try:
            secret = Path(config.secret_file or "").expanduser().read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"can't read {config.secret_file}", path=f"{path}.{name}") from error
    try:
        return signing_key(secret)
    except ValueError as error:
        raise ConfigError(str(error), path=f"{path}.{name}") from error
