from __future__ import annotations

import pytest

from benchmarks.tables import mebibytes, number, table


def test_a_table_is_markdown() -> None:
    assert table(("stage", "ms"), [("fusion", "1.0"), ("decode", "22.5")]) == (
        "| stage | ms |\n| --- | ---: |\n| fusion | 1.0 |\n| decode | 22.5 |"
    )


def test_rows_have_as_many_cells_as_the_head() -> None:
    with pytest.raises(ValueError, match="as many cells"):
        table(("stage", "ms"), [("fusion",)])


@pytest.mark.parametrize(
    ("value", "digits", "cell"), [(1234.567, 1, "1,234.6"), (0.5, 2, "0.50"), (None, 1, "-")]
)
def test_cells_of_numbers(value: float | None, digits: int, cell: str) -> None:
    assert number(value, digits) == cell


def test_cells_of_bytes() -> None:
    assert mebibytes(3 * 2**20) == "3 MiB"
    assert mebibytes(None) == "-"
