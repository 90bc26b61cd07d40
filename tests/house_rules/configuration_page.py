"""Writes `docs/reference/configuration.md` from the configuration's own structs.

`python -m tests.house_rules.configuration_page` rewrites it; a test fails when it is stale.
"""

import ast
import inspect
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import msgspec

from vivavoce.config_tables import (
    AnswerConfig,
    Config,
    EnginesConfig,
    LimitsConfig,
    ModelsConfig,
    OtlpConfig,
    PicturesConfig,
    PlaybackConfig,
    ServerConfig,
    SessionConfig,
    TelephoneConfig,
    TracingConfig,
    TranslationConfig,
    WebhookConfig,
    WebRtcConfig,
)
from vivavoce.engines.guards.settings import GuardrailConfig
from vivavoce.tools.code.settings import CodeSettings
from vivavoce.tools.files.settings import FilesSettings
from vivavoce.tools.settings import NamedServerSettings, ToolsSettings
from vivavoce.transports.rtp.settings import RtpSettings
from vivavoce.transports.sip.settings import SipSettings, SipTrunk

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "configuration.md"
SECTIONS = (
    ("", Config),
    ("server", ServerConfig),
    ("session", SessionConfig),
    ("engines", EnginesConfig),
    ("pictures", PicturesConfig),
    ("translation", TranslationConfig),
    ("models", ModelsConfig),
    ("limits", LimitsConfig),
    ("tracing", TracingConfig),
    ("tracing.otlp", OtlpConfig),
    ("webrtc", WebRtcConfig),
    ("telephone", TelephoneConfig),
    ("telephone.answer", AnswerConfig),
    ("sip", SipSettings),
    ("sip.trunks.NAME", SipTrunk),
    ("rtp", RtpSettings),
    ("playback", PlaybackConfig),
    ("tools", ToolsSettings),
    ("tools.servers.NAME", NamedServerSettings),
    ("tools.files", FilesSettings),
    ("tools.code", CodeSettings),
    ("[guardrails]", GuardrailConfig),
    ("[webhooks]", WebhookConfig),
)
HEAD = """# Configuration

Generated from `src/vivavoce/config_tables.py` (`python -m tests.house_rules.configuration_page`).

One TOML file: `vivavoce serve --config FILE`, or `config.toml` in the configuration folder
(`vivavoce config` prints everything that is set, and where it comes from). Later sources win:
defaults, file, environment, command line. In the environment two underscores stand for a dot:
`VIVAVOCE_SERVER__PORT=80`. Unknown keys are errors.

| variable | meaning |
| --- | --- |
| `VIVAVOCE_HOME` | Folder for models, configuration and data; default: the platform's own. |
| `VIVAVOCE_API_KEYS` | Keys that clients must show, separated by commas: `KEY`, or `NAME KEY`. |
| `VIVAVOCE_API_KEY` | The key that `vivavoce talk` shows. |

An engine's own settings stand beside its `use`; see
[bring your own model](../how-to/bring-your-own-model.md).
"""


def page() -> str:
    """Return the page as it should be."""
    return "\n".join((HEAD, *(line for section in SECTIONS for line in _section(*section))))


def _section(name: str, struct: type[msgspec.Struct]) -> Iterator[str]:
    described = _descriptions(struct)
    tables = {section for section, _ in SECTIONS if section}
    yield f"## `[{name}]`" if name else "## Top level"
    yield ""
    yield "| setting | default | meaning |"
    yield "| --- | --- | --- |"
    for field in msgspec.structs.fields(struct):
        if f"{name}.{field.name}".removeprefix(".") in tables:
            continue
        default = field.default
        if default is msgspec.NODEFAULT and field.default_factory is not msgspec.NODEFAULT:
            default = field.default_factory()
        is_plain = default in (None, {}, msgspec.NODEFAULT)
        shown = "" if is_plain else f"`{_toml(default)}`"
        yield f"| `{field.name}` | {shown} | {described.get(field.name, '')} |"
    yield ""


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} = {_toml(inner)}" for key, inner in value.items())
    return msgspec.json.encode(value).decode()


def _descriptions(struct: type[msgspec.Struct]) -> dict[str, str]:
    module = inspect.getmodule(struct)
    assert module is not None
    tree = ast.parse(inspect.getsource(module))
    body = next(
        n.body for n in tree.body if isinstance(n, ast.ClassDef) and n.name == struct.__name__
    )
    found = {}
    for field, text in pairwise(body):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(text, ast.Expr)
            and isinstance(text.value, ast.Constant)
        ):
            found[field.target.id] = " ".join(str(text.value.value).split())
    return found


if __name__ == "__main__":
    PAGE.write_text(page())
