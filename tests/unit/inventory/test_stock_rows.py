"""How units are spread over the rows of a hot product. Moves add up, and no row becomes negative."""

from hypothesis import assume, given
from hypothesis import strategies as st

from inventory import stock_rows
from inventory.stock_rows import Moves, Stock, StockRow
from tests.unit.inventory.test_domain import product

units = st.lists(st.integers(0, 50), min_size=1, max_size=16)


def stock(available: list[int], shards: int | None = None) -> Stock:
    own, *others = available
    return Stock(
        product=product(available=own, stock_shards=shards or len(available), stock_rows=len(available)),
        others=tuple(StockRow(available=one) for one in others),
    )


def after(available: list[int], moves: Moves) -> list[int]:
    return [one + moves.get(row, 0) for row, one in enumerate(available)]


@given(units, st.integers(1, 16), st.integers(0, 100))
def test_levelling_spreads_all_units_evenly_over_the_shards(available: list[int], shards: int, incoming: int) -> None:
    shards = min(shards, len(available))
    levelled = after(available, stock_rows.levelled(stock(available, shards), incoming))
    assert sum(levelled) == sum(available) + incoming
    assert max(levelled[:shards]) - min(levelled[:shards]) <= 1
    assert set(levelled[shards:]) <= {0}
    assert stock_rows.levelled(stock(levelled, shards)) == {}, "levelled rows stay as they are"


@given(units, st.integers(1, 99), st.integers(0, 15))
def test_gathering_fills_one_row_and_loses_nothing(available: list[int], quantity: int, into: int) -> None:
    into %= len(available)
    assume(available[into] < quantity <= sum(available))
    gathered = after(available, stock_rows.gathered(stock(available), quantity, into))
    assert gathered[into] == quantity
    assert sum(gathered) == sum(available)
    assert min(gathered) >= 0


@given(units, st.integers(1, 60), st.integers(0, 15))
def test_a_row_is_found_if_one_has_enough(available: list[int], quantity: int, first: int) -> None:
    first %= len(available)
    row = stock_rows.row_with(stock(available), quantity, first)
    if max(available) < quantity:
        assert row is None
    else:
        assert row is not None
        assert available[row] >= quantity
        assert available[first] < quantity or row == first, "the order's own row comes first"


def test_orders_are_spread_over_all_shards_and_an_ordinary_product_has_one_row() -> None:
    hot = stock([0] * 8).product
    counts = [0] * 8
    for number in range(8_000):
        row = stock_rows.first_row(hot, f"ord_{number:032x}")
        assert row is not None
        counts[row] += 1
    assert min(counts) > 800
    assert stock_rows.first_row(product(), "ord_1") is None
