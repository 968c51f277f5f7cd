"""Figures as a visitor reads them."""

from vqa.ui.markup import percent


def test_shares_are_written_with_sense():
    assert [percent(x) for x in (0, 0.0001, 0.0312, 0.72, 0.0999, 1)] == [
        "0 %",
        "< 0.1 %",
        "3.1 %",
        "72 %",
        "10 %",
        "100 %",
    ]
