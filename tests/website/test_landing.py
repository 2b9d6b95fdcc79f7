"""The landing page shows the course in one screen, and its slider is live."""

import pytest

WIDTH, HEIGHT = 1280, 900


@pytest.mark.slow
def test_what_how_long_and_where_to_begin_are_seen_without_scrolling(served, browser):
    tab = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
    tab.goto(f"{served}/book/index.html", wait_until="load")
    # as it is when both editions are there
    tab.evaluate("document.querySelector('.editions').innerHTML = '<a href=x>PDF</a> · EPUB'")
    rows = tab.locator("article table tbody tr")
    assert rows.count() == 9
    cards = tab.locator("article .sd-card")
    titles = tab.locator("article .sd-card-title").all_inner_texts()
    assert titles == ["Read", "Run", "Be graded", "Teach"]
    picture = tab.locator("article .explore img.lesson-figure")
    for seen in (*rows.all(), *cards.all(), tab.locator("article .explore"), picture):
        box = seen.bounding_box()
        assert box["y"] >= 0 and box["y"] + box["height"] <= HEIGHT, seen.inner_text()
        assert box["x"] >= 0 and box["x"] + box["width"] <= WIDTH
    before = picture.get_attribute("alt")
    tab.locator("article .explore input").focus()
    tab.keyboard.press("End")
    tab.wait_for_function(
        "alt => document.querySelector('article .explore img').alt != alt", arg=before
    )
    tab.close()
