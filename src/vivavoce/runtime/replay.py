"""Run a recorded session through a fresh one, and compare."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from vivavoce.core.inputs import Input
from vivavoce.core.outputs import Output
from vivavoce.core.session import Session
from vivavoce.core.translation import TranslationRules
from vivavoce.errors import ConfigError
from vivavoce.ids import seeded_ids
from vivavoce.interfaces import ToolServerAddress
from vivavoce.runtime.recording import FORMAT_VERSION, Header, Step, input_of, without_sound


@dataclass(frozen=True, slots=True)
class Replayed:
    """One step, as it went this time."""

    now: float
    item: Input
    outputs: list[Output]
    recorded: object
    """The outputs of then, as plain objects without sound."""

    @property
    def agrees(self) -> bool:
        """Whether the outputs are those of then, sound aside."""
        return without_sound(self.outputs) == self.recorded


def replay(path: Path) -> Iterator[Replayed]:
    """Yield each step of a recording, run through a fresh session.

    Tools are not checked again: what a language model refused then is accepted now, and shows as
    a difference.

    Raises:
        ConfigError: the file is no recording of this version.
    """
    with path.open("rb") as lines:
        try:
            header = msgspec.json.decode(next(lines, b""), type=Header)
            if header.format_version != FORMAT_VERSION:
                raise ConfigError(f"{path} is of version {header.format_version}.")
            session = _fresh(header)
            for line in lines:
                step = msgspec.json.decode(line, type=Step)
                item = input_of(step)
                yield Replayed(step.now, item, session.handle(item, step.now), step.outputs)
        except msgspec.MsgspecError as error:
            raise ConfigError(f"{path} is not a recording: {error}") from error


def _fresh(header: Header) -> Session | TranslationRules:
    new_id = seeded_ids(header.seed)
    if header.translation is not None:
        return TranslationRules(header.translation, new_id=new_id)
    return Session(header.options, new_id=new_id, check_server=_accept_any)


def _accept_any(address: ToolServerAddress) -> None:
    """Accept every server of tools; what was refused then shows as a difference."""
