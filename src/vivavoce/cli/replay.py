"""`vivavoce replay`: run a recorded session through the rules again."""

import sys
from pathlib import Path

from rich.console import Console

MAX_SHOWN = 200  # characters of a step's input or output


def replay(file: Path, *, quiet: bool = False) -> None:
    """Run a recording of the flight recorder through a fresh session and compare.

    Args:
        file: A recording, from the folder `recordings` of the data folder.
        quiet: Show differences only.
    """
    from vivavoce.errors import ConfigError
    from vivavoce.runtime.replay import replay as run

    if not file.is_file():
        raise ConfigError(f"there is no file {file}")
    console = Console(soft_wrap=True, highlight=False, markup=False)
    n_steps = n_differing = 0
    for step in run(file):
        n_steps += 1
        if step.agrees and quiet:
            continue
        console.print(f"{step.now:10.3f} > {step.item}"[:MAX_SHOWN])
        for output in step.outputs:
            console.print(f"           < {output}"[:MAX_SHOWN])
        if not step.agrees:
            n_differing += 1
            console.print(
                f"             DIFFERS from what was recorded: {step.recorded}"[:MAX_SHOWN]
            )
    console.print(f"{n_steps} steps, {n_differing} differ")
    if n_differing:
        sys.exit(1)
