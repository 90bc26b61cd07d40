"""`vivavoce voices`: the voices of the configured synthesizer, and new ones from recordings."""

import asyncio
from pathlib import Path

from cyclopts import App
from rich.console import Console

from vivavoce.config import Loaded, load_config
from vivavoce.errors import ConfigError

HTTP_ENGINE = "openai-http"

app = App(name="voices", help="List the voices, and make new ones from recordings.")


@app.command(name="list")
def list_voices(*, config: Path | None = None) -> None:
    """Show the names that clients may ask for.

    Args:
        config: A TOML file; see docs/reference/configuration.md.
    """
    from vivavoce.engines.bundled_models import CASCADE
    from vivavoce.engines.synthesizers.speakers import HIBARI_VOICE, KOKORO_SPEAKERS

    tables = load_config(config).engine_tables
    has_responder = tables["responder"]["use"] != CASCADE
    table = tables["responder" if has_responder else "synthesizer"]
    console = Console(highlight=False)
    if not has_responder and table["use"] != HTTP_ENGINE:
        console.print("\n".join((HIBARI_VOICE, *KOKORO_SPEAKERS)))
        return
    names = table.get("voices")
    if isinstance(names, (list, dict)) and names:
        console.print("\n".join(names))
    else:
        console.print("any name is passed on to the server that speaks")


@app.command
def add(
    name: str,
    recording: Path,
    *,
    consent: Path,
    language: str = "en-US",
    config: Path | None = None,
) -> None:
    """Have the configured speech server make a voice of a recording, and print its id.

    Only with a synthesizer that can: `use = "openai-http"` and `custom_voices = true`.

    Args:
        name: What the server shall call it.
        recording: A sound file of the speaker.
        consent: A sound file in which the same speaker reads the phrase of consent. Without it
            nobody's voice is copied.
        language: Of that phrase.
        config: A TOML file; see docs/reference/configuration.md.
    """
    from vivavoce.engines.synthesizers.custom_voices import add_voice

    settings = _server_settings(load_config(config))
    voice_id = asyncio.run(add_voice(settings, name, recording, consent, language))
    Console(highlight=False).print(f'{voice_id}  for "audio.output.voice": {{"id": "{voice_id}"}}')


def _server_settings(loaded: Loaded) -> dict[str, object]:
    from vivavoce.engines.bundled_models import CASCADE
    from vivavoce.engines.strict_settings import with_environment

    if loaded.engine_tables["responder"]["use"] != CASCADE:
        raise ConfigError(
            "new voices are made by a synthesizer, and this responder speaks by itself",
            path="engines.responder.use",
        )
    table = loaded.engine_tables["synthesizer"]
    if table["use"] != HTTP_ENGINE:
        raise ConfigError(
            "the bundled voices can't take on a voice they hear; choose a speech server that can",
            path="engines.synthesizer.use",
        )
    given = with_environment(table, loaded.environment)
    return {key: value for key, value in given.items() if key != "use"}
