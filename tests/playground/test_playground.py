"""The playground in a real browser, against a served double."""

import asyncio
import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.clients.playing import Played
from tests.playground.browsing import PICTURES, SCRIPT, scenes_of, write_sounds
from tests.served import served

pytestmark = [pytest.mark.browser, pytest.mark.timeout(500)]

KEY = "sk-of-the-playground"
AUDIBLE_DB = -40
SPOKEN_TURN = [
    {"who": "user", "said": "Go forward ten meters.", "unheard": "", "note": ""},
    {"who": "assistant", "said": "Going forward, ten meters.", "unheard": "", "note": ""},
]
TYPED_TURN = [
    {"who": "user", "said": "What is the capital of France?", "unheard": "", "note": ""},
    {"who": "assistant", "said": "The capital of France is Paris.", "unheard": "", "note": ""},
]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return asyncio.run(_played(tmp_path_factory.mktemp("playground")))


async def _played(folder: Path) -> Played:
    write_sounds(folder)
    script = ("--scripted", str(SCRIPT))
    homes = [folder / "open", folder / "keyed"]
    recorded = {"VIVAVOCE_HOME": str(homes[0]), "VIVAVOCE_SESSION__RECORD": "full"}
    keyed = {
        "VIVAVOCE_HOME": str(homes[1]),
        "VIVAVOCE_API_KEYS": KEY,
        "VIVAVOCE_PICTURES__MAX_BYTES": "100",
    }
    async with (
        served(*script, **recorded, WRTC_ALLOW_LOOPBACK="1") as (url, _),
        served(*script, **keyed) as (keyed_url, _),
    ):
        addresses = [address.removesuffix("v1") for address in (url, keyed_url)]
        return await scenes_of("playground", *addresses, KEY, str(folder), str(PICTURES))


@pytest.mark.parametrize(
    ("scene", "transport"), [("talk", "WebRTC"), ("talk_over_websocket", "WebSocket")]
)
def test_one_button_then_speech_is_answered_aloud(
    played: Played, scene: str, transport: str
) -> None:
    seen = played[scene]

    assert seen["transcript"] == SPOKEN_TURN
    assert seen["badge"] == transport
    assert min(seen["you"], seen["answer"]) > AUDIBLE_DB
    assert seen["notices"] == seen["complaints"] == []
    assert seen["status"] == "Not connected"


@pytest.mark.parametrize("scene", ["talk", "talk_over_websocket"])
def test_where_the_time_went_is_drawn(played: Played, scene: str) -> None:
    (drawn,) = played[scene]["drawn"]

    assert drawn.startswith("From the end of speech: End of turn after ")
    for step in ("Transcript", "First token", "First audio"):
        assert re.search(rf"{step} after [\d,]+ ms", drawn)


@pytest.mark.parametrize("scene", ["interrupt", "interrupt_over_websocket"])
def test_speech_interrupts_and_what_was_not_heard_is_struck_out(played: Played, scene: str) -> None:
    seen = played[scene]

    typed, story, *spoken = seen["transcript"]
    assert typed["said"] == "Tell me a story."
    assert story["said"].startswith("Once upon a time, there was a server.")
    assert "never grew tired" in story["unheard"]
    assert story["note"] == "interrupted: the rest was not heard"
    assert spoken == SPOKEN_TURN
    assert "conversation.item.truncated" in seen["types"]


def test_typing_is_answered_aloud_without_a_microphone(played: Played) -> None:
    seen = played["type"]

    assert seen["transcript"] == TYPED_TURN
    assert seen["level"] > AUDIBLE_DB
    assert seen["complaints"] == []


def test_events_are_listed_filtered_and_viewed(played: Played) -> None:
    seen = played["type"]

    assert seen["types"][:2] == ["session.created", "conversation.item.create"]
    assert "response.output_audio.delta" not in seen["types"]
    assert set(seen["filtered"]) < set(seen["types"])
    assert '"transcript": "The capital of France is Paris."' in seen["viewed"]


def test_on_a_phone_nothing_is_wider_than_the_screen(played: Played) -> None:
    assert played["type_by_keyboard_on_a_phone"]["width"] == 390


def test_the_shortcuts_are_listed_on_the_page(played: Played) -> None:
    assert {"T", "M", "Esc", "Space", "?"} < set(played["type_by_keyboard_on_a_phone"]["shortcuts"])


def test_the_sample_tool_runs_in_the_page(played: Played) -> None:
    seen = played["tool"]

    assert seen["colour"] == "orange"
    assert [entry["who"] for entry in seen["transcript"]] == ["user", "tool", "assistant"]
    assert seen["transcript"][1]["note"] == '→ {"done":true,"colour":"orange"}'


def test_a_failed_answer_says_why(played: Played) -> None:
    assert played["failure"]["transcript"][-1]["note"].startswith("The answer failed: ")


@pytest.mark.parametrize("scene", ["hold_to_talk", "hold_to_talk_over_websocket"])
def test_a_turn_can_end_by_letting_go_of_the_space_bar(played: Played, scene: str) -> None:
    seen = played[scene]

    assert seen["transcript"] == SPOKEN_TURN
    assert seen["types"] == ["input_audio_buffer.commit", "input_audio_buffer.committed"]


def test_a_changed_setting_is_taken_over_at_once(played: Played) -> None:
    assert played["change_in_mid_session"]["turns"]["type"] == "semantic_vad"


def test_a_picture_is_shown_and_answered(played: Played) -> None:
    assert played["picture"]["transcript"] == TYPED_TURN


def test_a_dropped_picture_is_made_to_fit_a_data_channel_and_taken_off_by_keyboard(
    played: Played,
) -> None:
    seen = played["dropped_picture"]

    assert 10_000 < seen["chars"] < 200_000
    assert seen["transcript"] == TYPED_TURN


def test_a_refused_picture_says_why_and_is_not_answered(played: Played) -> None:
    (shown,) = played["refused_picture"]["transcript"]

    assert "The server refused this: " in shown["note"]
    assert "larger than 100 bytes" in shown["note"]


def test_a_recording_is_replayed_with_its_sound(played: Played) -> None:
    seen = played["replay"]

    assert seen["before"] == []
    assert seen["replayed"][-2:] == SPOKEN_TURN
    assert seen["replayed"][1]["unheard"] != ""
    assert min(seen["answer"], seen["you"]) > AUDIBLE_DB
    assert any("First token after" in drawn for drawn in seen["drawn"])


def test_with_keys_configured_a_key_is_asked_for_before_anything_is_minted(played: Played) -> None:
    seen = played["key"]

    assert not seen["isStartable"]
    assert seen["mintedWithout"] == 0
    assert seen["minted"] == [f"Bearer {KEY}"]
    assert seen["told"].startswith("The server does not know this key.")


def test_the_key_is_neither_kept_nor_shown(played: Played) -> None:
    assert KEY not in played["key"]["kept"] + played["key"]["code"]


def test_a_refused_microphone_is_explained_and_typing_works(played: Played) -> None:
    (told,) = played["microphone_refused"]["told"]

    assert "does not let this page use the microphone" in told
    assert "type instead" in told


def test_without_a_network_for_webrtc_it_talks_over_websocket_and_says_so(played: Played) -> None:
    seen = played["fallback"]

    assert seen["badge"] == "WebSocket"
    assert seen["transcript"] == SPOKEN_TURN
    assert seen["answer"] > AUDIBLE_DB
    assert seen["notices"][0].startswith("WebRTC did not work")
    assert seen["notices"][0].endswith("This session uses WebSocket instead.")


@pytest.mark.parametrize(
    ("language", "file", "command"),
    [
        ("Python", "session.py", (sys.executable,)),
        ("JavaScript, Node", "session.mjs", ("node", "--no-warnings", "--experimental-websocket")),
    ],
)
async def test_the_code_of_a_session_runs(
    played: Played, tmp_path: Path, language: str, file: str, command: tuple[str, ...]
) -> None:
    written: dict[str, Any] = played["code"]["written"]
    assert 'Say \\"yes\\" or\\nsay no: é.' in written[language]

    async with served("--scripted", str(SCRIPT), VIVAVOCE_HOME=str(tmp_path)) as (url, _):
        code = re.sub(r"127\.0\.0\.1:\d+", url.split("/")[2], written[language])
        (tmp_path / file).write_text(code)
        process = await asyncio.create_subprocess_exec(
            *(shutil.which(command[0]) or command[0], *command[1:]),
            *(file, "Make this page orange."),
            cwd=tmp_path,
            env={**os.environ},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        printed, complaints = await process.communicate()

    assert process.returncode == 0, complaints.decode()
    assert printed.decode() == "It is orange now.\n"
