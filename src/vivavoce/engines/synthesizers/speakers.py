"""Who speaks when a client asks for one of the ten voices of the protocol.

`alloy` is hibari's only speaker. The others are speakers of Kokoro, each given by 510 style
vectors of 256 numbers (one per length of text) in `voices/`: from the package kokoro-js 1.2.1,
Apache-2.0, stored with half the bits.
"""

from collections.abc import Mapping
from importlib.resources import files

import numpy as np
import numpy.typing as npt
from msgspec import Struct

HIBARI_VOICE = "alloy"


class Speaker(Struct, frozen=True):
    """One voice of Kokoro."""

    style: str
    """Name of its file in `voices/`. The first letter tells the accent, the second the sex."""
    gain: float
    """Makes it as loud as the others: 0.09 divided by the level of its speech, as measured."""

    @property
    def is_british(self) -> bool:
        """Whether words are pronounced the British way."""
        return self.style.startswith("b")


HIBARI_GAIN = 1.47
KOKORO_SPEAKERS: Mapping[str, Speaker] = {
    "ash": Speaker("am_michael", gain=1.07),
    "ballad": Speaker("bm_fable", gain=0.8),
    "coral": Speaker("af_bella", gain=0.89),
    "echo": Speaker("am_echo", gain=0.81),
    "sage": Speaker("bf_emma", gain=0.78),
    "shimmer": Speaker("af_nova", gain=1.31),
    "verse": Speaker("am_puck", gain=0.59),
    "marin": Speaker("af_sarah", gain=0.78),
    "cedar": Speaker("bm_george", gain=0.86),
}
"""By the name on the wire."""


def load_styles(speaker: Speaker) -> npt.NDArray[np.float32]:
    """Return its vectors, 510 rows of 256; row n is for a text of n + 1 phonemes."""
    source = files("vivavoce.engines.synthesizers") / "voices" / f"{speaker.style}.npy"
    with source.open("rb") as file:
        styles: npt.NDArray[np.float16] = np.load(file)
    return styles.astype(np.float32)
