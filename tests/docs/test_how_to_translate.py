"""The example of the page works as it stands; its figures are those of the code."""

import asyncio
import re
import sys
from pathlib import Path

from tests.recordings import recording
from tests.served import served
from vivavoce.config_tables import TranslationConfig
from vivavoce.core.utterances import BREATH_MS, LONG_MS, LONGEST_MS, VERY_LONG_MS
from vivavoce.media.pcm import Pcm, silence
from vivavoce.media.wav import read_wav, write_wav

PAGE = Path(__file__).parents[2] / "docs/how-to/translate.md"
NAMED = r"```(?:python|toml)\n# (\S+)\n(.*?)```"
SCRIPT = '[[turns]]\nhears = "Guten Morgen."\ntranslations = { fr = "Bonjour." }\n'


async def test_the_example_translates(tmp_path: Path) -> None:
    ((name, text),) = re.findall(NAMED, PAGE.read_text(), re.DOTALL)
    (tmp_path / name).write_text(text)
    (tmp_path / "script.toml").write_text(SCRIPT)
    write_wav(tmp_path / "speech.wav", Pcm(recording("cards-001").data + silence(700).data))
    flags = ("--scripted", str(tmp_path / "script.toml"))
    async with asyncio.timeout(60), served(*flags, VIVAVOCE_HOME=str(tmp_path)) as (url, _):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, name, "speech.wav", "fr"),
            cwd=tmp_path,
            env={"VIVAVOCE_URL": url},
            stdout=asyncio.subprocess.PIPE,
        )
        printed, _ = await process.communicate()

    assert process.returncode == 0
    assert "Guten Morgen." in printed.decode()
    assert "Bonjour." in printed.decode()
    assert read_wav(tmp_path / "translated.wav").duration_ms == 400  # one word, in whole frames


def test_the_page_says_how_speech_is_cut() -> None:
    assert (LONG_MS, BREATH_MS, VERY_LONG_MS, LONGEST_MS) == (8_000, 200, 14_000, 20_000)


def test_every_setting_is_described() -> None:
    for name in TranslationConfig.__struct_fields__:
        assert f"`[translation]` `{name}`" in PAGE.read_text()
