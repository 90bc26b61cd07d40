"""`vivavoce talk`: a conversation from the terminal, with recordings or a microphone."""

import asyncio
from pathlib import Path

from vivavoce.errors import ConfigError


def talk(
    *files: Path,
    url: str = "http://127.0.0.1:8080/v1",
    model: str = "gpt-realtime",
    voice: str | None = None,
    instructions: str | None = None,
    text: str | None = None,
    save: Path | None = None,
    api_key: str | None = None,
) -> None:
    """Talk to a running server: each file is one turn; without files, the microphone.

    Args:
        files: Recordings (WAV), sent at the pace of speech.
        url: Base URL of the server.
        model: Name of the model.
        voice: Name of the voice.
        instructions: What the assistant is told.
        text: Say this in writing, and hear the answer.
        save: Write what was answered to this WAV file.
        api_key: The key, if the server wants one; VIVAVOCE_API_KEY in the environment is better.
    """
    from rich.console import Console

    from vivavoce.cli.conversation import Talk, converse
    from vivavoce.cli.sound import open_speaker
    from vivavoce.config import client_key

    for file in files:
        if not file.is_file():
            raise ConfigError(f"there is no file {file}")
    wanted = Talk(
        url=url,
        model=model,
        voice=voice,
        instructions=instructions,
        text=text,
        files=files,
        save=save,
        api_key=api_key or client_key(),
    )
    with open_speaker() as speaker:
        asyncio.run(converse(wanted, Console(highlight=False, markup=False), speaker))
