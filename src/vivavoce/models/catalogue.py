"""What models there are: their files, sizes, hashes, licences and where to get them."""

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources

import msgspec
from msgspec import Struct

from vivavoce.errors import ConfigError


class Part(Struct, frozen=True, forbid_unknown_fields=True):
    """A piece of a file as it lies in a package of the Python package index."""

    package: str
    """Name and version, such as `pipecat-ai==1.14.0`."""
    file: str
    """Path inside the package's wheel."""
    size_bytes: int
    sha256: str


class ModelFile(Struct, frozen=True, forbid_unknown_fields=True):
    """One file of a model; its parts, in order, make it whole."""

    name: str
    size_bytes: int
    sha256: str
    parts: tuple[Part, ...]
    hub: str | None = None
    """Repository on the Hugging Face hub that holds the same file under the same name."""


class Model(Struct, frozen=True, forbid_unknown_fields=True):
    """A model and the files it is made of."""

    role: str
    about: str
    licence: str
    files: tuple[ModelFile, ...]

    @property
    def size_bytes(self) -> int:
        """Size of all its files."""
        return sum(file.size_bytes for file in self.files)


@cache
def catalogue() -> Mapping[str, Model]:
    """Return every model that is known, by name."""
    text = resources.files("vivavoce.models").joinpath("catalogue.toml").read_bytes()
    return msgspec.toml.decode(text, type=dict[str, Model])


def find_model(name: str) -> Model:
    """Return the model of that name.

    Raises:
        ConfigError: there is none.
    """
    known = catalogue()
    if name not in known:
        raise ConfigError(f"there is no model {name!r}; known are {', '.join(sorted(known))}")
    return known[name]


def total_size_bytes(names: Iterable[str]) -> int:
    """Return what the models take on disk together.

    Raises:
        ConfigError: there is no model of such a name.
    """
    return sum(find_model(name).size_bytes for name in names)
