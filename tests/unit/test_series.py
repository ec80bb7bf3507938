"""Running totals say what plain sums say, in whatever order amounts come and are asked for."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from services.stats.view.series import Series
from shared.contracts.stats import Tier

STEP = st.tuples(st.dictionaries(st.integers(0, 40), st.integers(-3, 3), max_size=3), st.booleans())


@given(st.lists(STEP, max_size=40), st.integers(0, 40), st.integers(0, 40))
def test_totals_and_panes_equal_the_plain_sum(steps: list[tuple[dict[int, int], bool]], start: int, end: int) -> None:
    series, plain = Series(), Counter[int]()
    for amounts, asked in steps:
        series.panes(Tier.DAY).add(0, amounts)
        plain.update(amounts)

        within = {number: amount for number, amount in sorted(plain.items()) if amount and start <= number < end}

        if asked:
            assert dict(series.between(Tier.DAY, start, end)) == within
            assert list(series.between(Tier.DAY, start, end)) == list(within.items())
            assert series.has_any(Tier.DAY, start, end) == bool(within)
            assert series.last(Tier.DAY, start, end) == max(within, default=None)
            if start <= end:
                assert series.total(Tier.DAY, start, end) == sum(within.values())
            assert series.level(Tier.DAY, end) == sum(amount for number, amount in plain.items() if number < end)
