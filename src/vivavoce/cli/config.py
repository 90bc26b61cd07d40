"""`vivavoce config`: what is set, and where it comes from."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from vivavoce.config import load_config


def config(*, config: Path | None = None) -> None:
    """Print the effective configuration and where each value comes from; secrets are masked.

    Args:
        config: A TOML file; none: the one in the configuration folder.
    """
    loaded = load_config(config)
    table = Table("setting", "value", "from")
    for name, value, source in loaded.effective():
        table.add_row(name, repr(value), source)
    console = Console()
    console.print(table)
    console.print(f"data and models: {loaded.data_dir}", highlight=False, soft_wrap=True)
