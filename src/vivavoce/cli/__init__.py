"""The command line. Each command imports what it needs when it runs."""

import sys

from cyclopts import App

from vivavoce import __version__
from vivavoce.cli import config, models, replay, serve, talk
from vivavoce.errors import ConfigError, EngineError

app = App(
    name="vivavoce",
    version=__version__,
    help="A self-hosted server that speaks the OpenAI Realtime API.",
)
app.command(serve.serve)
app.command(talk.talk)
app.command(models.app)
app.command(config.config)
app.command(replay.replay)

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
