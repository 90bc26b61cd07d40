"""Spoken questions with known answers, asked of the real models of both profiles."""

import asyncio
import sys
from pathlib import Path

import pytest

from tests.served import served

AUDIO = Path(__file__).parents[1] / "audio"

pytestmark = [pytest.mark.models, pytest.mark.timeout(200)]


async def asked(url: str, *questions: str) -> str:
    """Return what `vivavoce talk` shows."""
    files = [str(AUDIO / f"{question}.wav") for question in questions]
    talk = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "vivavoce", "talk", *files, "--url", url),
        stdout=asyncio.subprocess.PIPE,
    )
    shown, _ = await talk.communicate()
    assert talk.returncode == 0, shown
    return shown.decode()


async def test_the_light_profile_hears_and_answers() -> None:
    async with served("--profile", "light") as (url, _):
        shown = await asked(url, "question-capital")

    assert "you: What is the capital of France?" in shown
    assert "Paris" in shown


async def test_the_standard_profile_answers_three_spoken_questions() -> None:
    async with served("--profile", "standard") as (url, _):
        shown = await asked(url, "question-capital", "question-week", "question-planet")

    assert "Paris" in shown
    assert "seven" in shown.lower() or "7" in shown
    assert "Earth" in shown
