"""Each engine, scripted, by HTTP or real, keeps the promises of its interface."""

import pytest

from tests.contracts import openers
from vivavoce.testing.contracts import (
    check_language_model,
    check_responder,
    check_speech_detector,
    check_synthesizer,
    check_transcriber,
    check_turn_judge,
)


@pytest.mark.parametrize("opens", openers.TRANSCRIBERS)
async def test_a_transcriber_keeps_its_contract(opens: openers.OpenTranscriber) -> None:
    async with opens() as transcriber:
        await check_transcriber(transcriber, openers.spoken_samples())


@pytest.mark.parametrize("opens", openers.LANGUAGE_MODELS)
async def test_a_language_model_keeps_its_contract(opens: openers.OpenLanguageModel) -> None:
    async with opens() as language_model:
        await check_language_model(language_model, openers.prompt_samples())


@pytest.mark.parametrize("opens", openers.SYNTHESIZERS)
async def test_a_synthesizer_keeps_its_contract(opens: openers.OpenSynthesizer) -> None:
    async with opens() as synthesizer:
        await check_synthesizer(synthesizer, openers.TEXTS)


@pytest.mark.parametrize("opens", openers.RESPONDERS)
async def test_a_responder_keeps_its_contract(opens: openers.OpenResponder) -> None:
    async with opens() as responder:
        await check_responder(responder, openers.prompt_samples())


@pytest.mark.parametrize("opens", openers.TURN_JUDGES)
async def test_a_turn_judge_keeps_its_contract(opens: openers.OpenTurnJudge) -> None:
    async with opens() as turn_judge:
        await check_turn_judge(turn_judge, openers.recording())


@pytest.mark.parametrize("opens", openers.SPEECH_DETECTORS)
async def test_a_speech_detector_keeps_its_contract(opens: openers.OpenSpeechDetector) -> None:
    async with opens() as new_speech_detector:
        await check_speech_detector(new_speech_detector, openers.recording())
