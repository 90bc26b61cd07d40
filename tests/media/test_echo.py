"""The assistant's voice in the caller's microphone, judged by the real speech detector."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from itertools import cycle
from statistics import median

import numpy as np
import pytest

from tests.echo_call import (
    ECHOES,
    PAUSE_MS,
    Echo,
    Samples,
    answer,
    cleaned,
    microphone,
    pcm,
    speech,
    spoken_at,
    turn_starts_ms,
)
from vivavoce.engines.speech_detectors.silero import open_engine
from vivavoce.interfaces import SpeechDetector
from vivavoce.media.echo import EchoCanceller
from vivavoce.media.pcm import BYTES_PER_MS, BYTES_PER_SAMPLE

# The first three and the last two are Kokoro's voices.
ANSWERS = (
    "question-capital",
    "question-planet",
    "question-week",
    "librivox-austen-0890",
    "jfk",
    "french-computer",
    "spanish-sister",
)
LONG_ANSWERS = ("librivox-austen-0870", "librivox-austen-0920", "spanish-sister")
NEAR_VOICES = ("goforward", "librivox-austen-0880", "cards-003")
NEAR_AT_MS = PAUSE_MS + 1_200

NewDetector = Callable[[], SpeechDetector]


@pytest.fixture
async def new_detector() -> AsyncIterator[NewDetector]:
    async with open_engine({}) as new_detector:
        yield new_detector


@pytest.mark.parametrize("echo", ECHOES, ids=str)
def test_the_echo_of_a_calls_first_answer_interrupts_nobody(
    echo: Echo, new_detector: NewDetector
) -> None:
    playback = answer(speech(ANSWERS[ECHOES.index(echo) % len(ANSWERS)]))
    heard = microphone(playback, echo)

    assert turn_starts_ms(heard, new_detector())
    assert not turn_starts_ms(cleaned(EchoCanceller(), playback, heard), new_detector())


@pytest.mark.parametrize("reverberation_ms", [0, 250])
def test_twenty_answers_of_one_call_are_not_interrupted_by_their_echo(
    reverberation_ms: int, new_detector: NewDetector
) -> None:
    canceller = EchoCanceller()
    n_false = 0

    for name, _ in zip(cycle(ANSWERS), range(20), strict=False):
        playback = answer(speech(name))
        heard = microphone(playback, Echo(180, 14, reverberation_ms))
        n_false += len(turn_starts_ms(cleaned(canceller, playback, heard), new_detector()))

    assert n_false == 0


@pytest.mark.parametrize("late_ms", [10, 20, 40])
def test_sound_that_is_told_late_does_no_harm(late_ms: int, new_detector: NewDetector) -> None:
    n_false = 0

    for echo, name in zip(ECHOES[::2], cycle(ANSWERS), strict=False):
        playback = answer(speech(name))
        clean = cleaned(EchoCanceller(), playback, microphone(playback, echo), late_ms)
        n_false += len(turn_starts_ms(clean, new_detector()))

    assert n_false == 0


def test_speech_over_an_answer_starts_a_turn(new_detector: NewDetector) -> None:
    late_ms = []

    for echo, name, voice in zip(ECHOES, cycle(LONG_ANSWERS), cycle(NEAR_VOICES), strict=False):
        playback = answer(speech(name))
        near = spoken_at(speech(voice), NEAR_AT_MS, len(playback))
        clean = cleaned(EchoCanceller(), playback, microphone(playback, echo, near))
        alone_ms = turn_starts_ms(near, new_detector())[0]
        starts_ms = turn_starts_ms(clean, new_detector())
        assert starts_ms[0] >= NEAR_AT_MS
        late_ms.append(starts_ms[0] - alone_ms)

    assert median(late_ms) <= 64
    assert max(late_ms) < 500


def test_speech_is_heard_although_the_microphone_was_off_while_an_answer_played(
    new_detector: NewDetector,
) -> None:
    canceller = EchoCanceller()
    canceller.play(pcm(speech("jfk")))
    near = answer(speech("goforward"))

    clean = cleaned(canceller, np.zeros(len(near)), near)

    assert turn_starts_ms(clean, new_detector())


def test_an_answer_after_the_microphone_was_off_finds_its_echo(new_detector: NewDetector) -> None:
    canceller = EchoCanceller()
    canceller.play(pcm(speech("question-week")))
    playback = answer(speech("librivox-austen-0890"))

    clean = cleaned(canceller, playback, microphone(playback, Echo(60, 12)))

    assert not turn_starts_ms(clean, new_detector())


def test_the_echo_is_found_where_it_belongs_after_a_pause_of_both_directions(
    new_detector: NewDetector,
) -> None:
    playback = answer(speech("librivox-austen-0890"))
    heard = microphone(playback, Echo(60, 12))
    canceller, stall = EchoCanceller(), slice(48_000, 54_000)

    before = cleaned(canceller, playback[: stall.start], heard[: stall.start])
    canceller.play(pcm(playback[stall]))
    during = np.frombuffer(canceller.push(pcm(heard[stall])), "<i2")
    after = cleaned(canceller, playback[stall.stop :], heard[stall.stop :])

    assert not turn_starts_ms(np.concatenate((before, during, after)), new_detector())


@pytest.mark.parametrize("noise_rms", [0.0, 3.0, 20.0])
@pytest.mark.parametrize("quieter_db", [0, 12])
def test_without_an_echo_speech_over_an_answer_keeps_its_first_word(
    quieter_db: int, noise_rms: float
) -> None:
    playback = answer(speech("librivox-austen-0890"))
    voice = speech("goforward")[:24_000] * 10 ** (-quieter_db / 20)
    near = spoken_at(voice, NEAR_AT_MS, len(playback))
    heard = near + np.random.default_rng(1).normal(0.0, noise_rms, len(near))

    clean = cleaned(EchoCanceller(), playback, heard)

    first_word = slice(NEAR_AT_MS * 24, (NEAR_AT_MS + 600) * 24)
    assert rms(near[first_word]) > 200 * 10 ** (-quieter_db / 20)
    assert np.array_equal(pcm(clean[first_word]), pcm(heard[first_word]))


def test_an_echo_that_comes_later_in_a_call_is_noticed_within_two_seconds(
    new_detector: NewDetector,
) -> None:
    """The caller pulled out the headphones; whoever is interrupted now is so for a moment."""
    canceller = EchoCanceller()
    silent = answer(speech("librivox-austen-0870"))
    cleaned(canceller, silent, np.zeros(len(silent)))
    playback = answer(np.concatenate([speech("librivox-austen-0890"), speech("jfk")]))

    clean = cleaned(canceller, playback, microphone(playback, Echo(60, 14)))

    assert turn_starts_ms(clean, new_detector())
    assert not turn_starts_ms(clean[(PAUSE_MS + 2_500) * 24 :], new_detector())


def test_speech_alone_passes_9_ms_late_with_all_of_its_level() -> None:
    sound = speech("librivox-austen-0920")

    clean = cleaned(EchoCanceller(), np.zeros(len(sound)), sound)

    assert abs(20 * np.log10(rms(clean) / rms(sound))) < 0.5
    assert 8 * 24 <= lag_samples(sound, clean) <= 10 * 24


@pytest.mark.parametrize("piece_samples", [1, 239, 240, 241, 4_800])
def test_each_whole_frame_comes_out_at_once(piece_samples: int) -> None:
    data = pcm(speech("goforward"))[: 300 * BYTES_PER_MS]
    piece_bytes = piece_samples * BYTES_PER_SAMPLE
    canceller, n_out = EchoCanceller(), 0

    for at in range(0, len(data), piece_bytes):
        n_out += len(canceller.push(data[at : at + piece_bytes]))
        n_in = min(at + piece_bytes, len(data))
        assert n_out == n_in - n_in % (10 * BYTES_PER_MS)


def test_the_sound_does_not_depend_on_how_it_was_cut() -> None:
    playback = answer(speech("question-week"))
    heard = pcm(microphone(playback, replace(ECHOES[0], delay_ms=100)))
    cuts = [slice(at, at + 1_440) for at in range(0, len(heard), 1_440)]
    coarse, fine = EchoCanceller(), EchoCanceller()

    out: dict[str, list[bytes]] = {"coarse": [], "fine": []}
    for cut in cuts:
        for canceller in (coarse, fine):
            canceller.play(pcm(playback)[cut])
        out["coarse"].append(coarse.push(heard[cut]))
        out["fine"] += [fine.push(heard[cut][at : at + 480]) for at in range(0, 1_440, 480)]

    assert b"".join(out["coarse"]) == b"".join(out["fine"])


def rms(samples: Samples) -> float:
    return float(np.sqrt(np.mean(samples**2)))


def lag_samples(before: Samples, after: Samples) -> int:
    part = before[48_000:72_000]
    return max(range(600), key=lambda lag: float(part @ after[48_000 + lag : 72_000 + lag]))
