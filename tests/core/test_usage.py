"""Usage objects add up, and cached tokens are a prefix of the prompt."""

from vivavoce.core.tokens import TokenCount
from vivavoce.core.usage import usage_of
from vivavoce.interfaces import Finished
from vivavoce.protocol.response import CachedTokensDetails

INPUTS = (TokenCount(text=10), TokenCount(text=5, audio=11), TokenCount(text=4))


def cached(finished: Finished | None) -> CachedTokensDetails:
    usage = usage_of(INPUTS, TokenCount(), finished)
    details = usage.input_token_details.cached_tokens_details
    assert usage.input_token_details.cached_tokens == details.text_tokens + details.audio_tokens
    return details


def test_all_sums_agree() -> None:
    usage = usage_of(INPUTS, TokenCount(text=2, audio=8), None)

    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (30, 10, 40)
    assert usage.input_token_details.text_tokens == 19
    assert usage.input_token_details.audio_tokens == 11
    assert usage.output_token_details.text_tokens == 2
    assert usage.output_token_details.audio_tokens == 8


def test_an_empty_prompt_costs_nothing() -> None:
    assert usage_of((), TokenCount(), Finished(input_tokens=5, cached_tokens=5)).total_tokens == 0


def test_nothing_is_cached_unless_the_engine_says_so() -> None:
    assert cached(None) == CachedTokensDetails()
    assert cached(Finished(input_tokens=100)) == CachedTokensDetails()
    assert cached(Finished(input_tokens=100, cached_tokens=0)) == CachedTokensDetails()
    assert cached(Finished(cached_tokens=50)) == CachedTokensDetails()


def test_the_share_reused_is_taken_from_the_start_of_the_prompt() -> None:
    assert cached(Finished(input_tokens=100, cached_tokens=20)) == CachedTokensDetails(
        text_tokens=6
    )
    assert cached(Finished(input_tokens=100, cached_tokens=60)) == CachedTokensDetails(
        text_tokens=15, audio_tokens=3
    )
    assert cached(Finished(input_tokens=100, cached_tokens=100)) == CachedTokensDetails(
        text_tokens=19, audio_tokens=11
    )


def test_an_engine_that_counts_more_than_there_is_is_not_believed() -> None:
    assert cached(Finished(input_tokens=10, cached_tokens=99)).text_tokens == 19
