import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engines.language_models.llama_cpp.gbnf import Gbnf
from vivavoce.engines.language_models.llama_cpp.number_ranges import integers, numbers

bounds = st.none() | st.integers(-100_000, 100_000)


@settings(deadline=None)
@given(data=st.data(), low=bounds, high=bounds)
def test_integers_stay_within_their_bounds(
    data: st.DataObject, low: int | None, high: int | None
) -> None:
    expression = integers(low, high)
    if expression is None:
        assert low is not None
        assert high is not None
        assert low > high
        return

    value = int(Gbnf(f"root ::= {expression}").write(data.draw))

    assert low is None or low <= value
    assert high is None or value <= high


@settings(deadline=None)
@given(data=st.data(), low=bounds, high=bounds, opens=st.tuples(st.booleans(), st.booleans()))
def test_numbers_stay_within_their_bounds(
    data: st.DataObject, low: int | None, high: int | None, opens: tuple[bool, bool]
) -> None:
    low_is_open, high_is_open = opens
    expression = numbers(low, high, low_is_open=low_is_open, high_is_open=high_is_open)
    if expression is None:
        assert low is not None
        assert high is not None
        assert low > high or (low == high and any(opens))
        return

    value = float(Gbnf(f"root ::= {expression}").write(data.draw))

    assert low is None or low < value or (value == low and not low_is_open)
    assert high is None or value < high or (value == high and not high_is_open)


@pytest.mark.parametrize("value", ["-12", "-1", "0", "7", "10", "99", "100", "205"])
@settings(deadline=None)
@given(data=st.data())
def test_every_integer_within_the_bounds_is_possible(data: st.DataObject, value: str) -> None:
    expression = integers(int(value), int(value))
    assert expression is not None

    assert Gbnf(f"root ::= {expression}").write(data.draw) == value
