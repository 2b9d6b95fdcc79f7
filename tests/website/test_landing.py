"""The landing page shows the course in one screen, and its slider is live."""

import pytest

from tests.support import DESKTOP

WIDTH, HEIGHT = DESKTOP.values()


@pytest.mark.slow
def test_what_how_long_and_where_to_begin_are_seen_without_scrolling(served, page):
    page.goto(f"{served}/book/index.html", wait_until="load")
    # as it is when both editions are there
    page.evaluate("document.querySelector('.editions').innerHTML = '<a href=x>PDF</a> · EPUB'")
    rows = page.locator("article table tbody tr")
    assert rows.count() == 9
    cards = page.locator("article .sd-card")
    titles = page.locator("article .sd-card-title").all_inner_texts()
    assert titles == ["Read", "Run", "Be graded", "Teach"]
    picture = page.locator("article .explore img.lesson-figure")
    for seen in (*rows.all(), *cards.all(), page.locator("article .explore"), picture):
        box = seen.bounding_box()
        assert box["y"] >= 0 and box["y"] + box["height"] <= HEIGHT, seen.inner_text()
        assert box["x"] >= 0 and box["x"] + box["width"] <= WIDTH
    before = picture.get_attribute("alt")
    page.locator("article .explore input").focus()
    page.keyboard.press("End")
    page.wait_for_function(
        "alt => document.querySelector('article .explore img').alt != alt", arg=before
    )
