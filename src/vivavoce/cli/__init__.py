"""The command line. A command's module is loaded when the command runs."""

import sys

from cyclopts import App

from vivavoce import __version__
from vivavoce.errors import ConfigError, EngineError

app = App(
    name="vivavoce",
    version=__version__,
    help="A self-hosted server that speaks the OpenAI Realtime API.",
)
for name, module, about in (
    ("serve", "serve:serve", "Serve the Realtime API; fetch the models first if they are missing."),
    ("talk", "talk:talk", "Talk to a running server, with recordings or a microphone."),
    ("models", "models:app", "List, fetch and remove the bundled models."),
    ("prompts", "prompts:app", "List, add, show and remove stored prompts."),
    ("files", "files:app", "Add, list, search and remove documents that the assistant may use."),
    ("voices", "voices:app", "List the voices, and make new ones from recordings."),
    ("config", "config:config", "Print what is set, and where it comes from."),
    ("replay", "replay:replay", "Run a recorded session through the rules again."),
    ("usage", "usage:usage", "Show what each key has used."),
    ("webhooks", "webhooks:app", "List webhook deliveries, and send them again."),
    ("trace", "trace:trace", "List the traces of sessions, or show one."),
):
    app.command(f"vivavoce.cli.{module}", name=name, help=about)

CONFIG_STATUS = 2
FAILED_STATUS = 1


def main() -> None:
    """Run one command; say in plain words what went wrong."""
    try:
        app()
    except ConfigError as error:
        sys.stderr.write(f"vivavoce: {error}\n")
        sys.exit(CONFIG_STATUS)
    except EngineError as error:
        sys.stderr.write(f"vivavoce: {error.message}\n")
        sys.exit(FAILED_STATUS)
    except KeyboardInterrupt:
        sys.exit(FAILED_STATUS)
