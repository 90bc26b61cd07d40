"""Grammar expressions for the decimal numbers between two bounds."""

INTEGER = '("0" | [1-9] [0-9]{0,15})'
FRACTION = '("." [0-9]{1,12})'
ZERO_FRACTION = '("." [0]{1,3})'
POSITIVE_FRACTION = '("." [0-9]{0,8} [1-9])'


def integers(low: int | None, high: int | None) -> str | None:
    """Return an expression for the integers from `low` to `high`; None if there are none.

    A missing bound leaves that side open; then numbers have at most 16 digits.
    """
    parts = []
    if low is None or low < 0:
        nearest = 1 if high is None else max(1, -high)
        parts.append(_with_sign(_natural(nearest, None if low is None else -low)))
    if high is None or high >= 0:
        parts.append(_natural(max(0, low or 0), high))
    return _either([part for part in parts if part])


def numbers(
    low: int | None, high: int | None, *, low_is_open: bool = False, high_is_open: bool = False
) -> str | None:
    """Return an expression for the numbers, whole or not, between two whole bounds."""
    parts = []
    if low is None or low < 0:
        nearest = (-high, high_is_open) if high is not None and high <= 0 else (0, False)
        farthest = (None, False) if low is None else (-low, low_is_open)
        parts.append(_with_sign(_magnitudes(nearest, farthest)))
    if high is None or high >= 0:
        nearest = (low, low_is_open) if low is not None and low >= 0 else (0, False)
        parts.append(_magnitudes(nearest, (high, high_is_open)))
    return _either([part for part in parts if part])


def _with_sign(magnitude: str | None) -> str | None:
    return f'"-" {magnitude}' if magnitude else None


def _magnitudes(nearest: tuple[int, bool], farthest: tuple[int | None, bool]) -> str | None:
    """Numbers without sign between two bounds, each with whether it is excluded."""
    (least, least_is_open), (most, most_is_open) = nearest, farthest
    if most == least:
        return None if least_is_open or most_is_open else f'"{least}" {ZERO_FRACTION}?'
    if most is not None and least > most:
        return None
    whole = _natural(least + 1 if least_is_open else least, None if most is None else most - 1)
    parts = [f"{whole} {FRACTION}?"] if whole else []
    if least_is_open:
        parts.append(f'"{least}" {POSITIVE_FRACTION}')
    if most is not None and not most_is_open:
        parts.append(f'"{most}" {ZERO_FRACTION}?')
    return _either(parts)


def _natural(low: int, high: int | None) -> str | None:
    """Integers from `low` (0 or more) to `high`, without sign or leading zeros."""
    if high is None:
        return _at_least(low)
    if low > high:
        return None
    parts = []
    while len(str(low)) < len(str(high)):
        top = 10 ** len(str(low)) - 1
        parts.append(_same_length(str(low), str(top)))
        low = top + 1
    parts.append(_same_length(str(low), str(high)))
    return _either(parts)


def _at_least(low: int) -> str:
    if low == 0:
        return INTEGER
    n_digits = len(str(low))
    longer = f"[1-9] [0-9]{{{n_digits},{max(16, n_digits)}}}"
    return f"({_same_length(str(low), '9' * n_digits)} | {longer})"


def _same_length(low: str, high: str) -> str:
    """Numbers of equal length, by their digits from the first that differs."""
    if low == high:
        return f'"{low}"'
    if low[0] == high[0]:
        return f'"{low[0]}" {_group(_same_length(low[1:], high[1:]))}'
    n_rest = len(low) - 1
    if n_rest == 0:
        return f"[{low}-{high}]"
    first, last = int(low[0]), int(high[0])
    parts = []
    if low[1:] != "0" * n_rest:
        parts.append(f'"{first}" {_group(_same_length(low[1:], "9" * n_rest))}')
        first += 1
    tail = None
    if high[1:] != "9" * n_rest:
        tail = f'"{last}" {_group(_same_length("0" * n_rest, high[1:]))}'
        last -= 1
    if first <= last:
        parts.append(f"[{first}-{last}] [0-9]{{{n_rest}}}")
    return _either([*parts, *([tail] if tail else [])]) or ""


def _group(expression: str) -> str:
    return f"({expression})"


def _either(parts: list[str]) -> str | None:
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else f"({' | '.join(parts)})"
