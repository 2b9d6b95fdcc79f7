"""The page of the whole ledger shows every claim, and one verdict at a time on request."""

from collections import Counter

import pytest
from lesson import ledger
from lesson.figures import claim_ledger


def test_figure_has_a_square_for_each_claim_and_says_the_counts():
    entries = ledger.load()
    fig, alt = claim_ledger.by_chapter(entries)
    assert len(fig.axes[0].patches) == len(entries)
    for verdict, n in Counter(entry["verdict"] for entry in entries).items():
        assert f"{n} {ledger.VERDICTS[verdict].split(' ', 1)[1]}" in alt


@pytest.mark.slow
def test_buttons_filter_by_verdict(served, page):
    page.goto(f"{served}/book/claim-ledger.html")
    rows = page.locator(".cell_output table tbody tr:visible")
    counts = Counter(ledger.VERDICTS[entry["verdict"]] for entry in ledger.load())
    assert rows.count() == counts.total()
    for verdict, n in counts.items():
        button = page.get_by_role("button", name=f"{verdict} ({n})")
        button.focus()
        page.keyboard.press("Enter")
        assert button.get_attribute("aria-pressed") == "true"
        assert rows.count() == n
        assert all(verdict in text for text in rows.all_inner_texts())
    page.get_by_role("button", name=f"all ({counts.total()})").click()
    assert rows.count() == counts.total()
