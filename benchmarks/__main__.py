"""`python -m benchmarks [name ...]`: runs all of them, or those named."""

import asyncio
import sys
from collections.abc import Callable, Coroutine

from benchmarks import (
    calls,
    calls_floor,
    calls_lossy,
    core,
    echo,
    files,
    greetings,
    long_talks,
    noise,
    page,
    prefill,
    rtp,
    sessions,
    tool_turns,
    tools,
    transcription,
    turn_ends,
    voice_to_voice,
)

TURNS = 20

BENCHMARKS: dict[str, Callable[[], Coroutine[None, None, None]]] = {
    "fixed": lambda: voice_to_voice.fixed(TURNS),
    "light": lambda: voice_to_voice.bundled("light", TURNS),
    "standard": lambda: voice_to_voice.bundled("standard", TURNS),
    "sessions": sessions.run,
    "core": core.run,
    "calls": calls.run,
    "calls-floor": calls_floor.run,
    "page": page.run,
    "rtp": rtp.run,
    "greetings": greetings.run,
    "calls-per-second": greetings.calls_per_second,
    "hour": long_talks.hour,
    "window": long_talks.window,
    "prefill": prefill.run,
    "transcription": transcription.run,
    "noise": noise.run,
    "echo": echo.run,
    "calls-lossy": calls_lossy.run,
    "turn-ends": turn_ends.run,
    "files": files.run,
    "tools": tools.run,
    "tool-turns": tool_turns.run,
}


def main(names: list[str]) -> int:
    """Run the named benchmarks one after the other; return an exit status."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"No benchmark named {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}.")
        return 2
    for name in names or BENCHMARKS:
        asyncio.run(BENCHMARKS[name]())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
