"""The landing page: a finding that moves and one button, then four findings, then the map."""

import re

import pytest
from lesson import ledger

from course import chapters
from tests.support import DESKTOP

WIDTH, HEIGHT = DESKTOP.values()


@pytest.mark.slow
def test_a_finding_and_where_to_begin_are_seen_without_scrolling(served, page):
    page.goto(f"{served}/book/index.html", wait_until="load")
    # as it is when both editions are there
    page.evaluate("document.querySelector('.editions').innerHTML = '<a href=x>PDF</a> · EPUB'")
    picture = page.locator("article .explore img.lesson-figure")
    start = page.get_by_role("link", name="Start with chapter 0", exact=True)
    for seen in (page.locator("article h1"), start, page.locator("article .explore"), picture):
        box = seen.bounding_box()
        assert box["y"] >= 0 and box["y"] + box["height"] <= HEIGHT
        assert box["x"] >= 0 and box["x"] + box["width"] <= WIDTH
    before = picture.get_attribute("alt")
    assert "cat 0.26" in before
    page.locator("article .explore input").focus()
    page.keyboard.press("End")
    page.wait_for_function(
        "alt => document.querySelector('article .explore img').alt != alt", arg=before
    )
    start.click()
    page.wait_for_url("**/book/refresher.html")


@pytest.mark.slow
def test_four_findings_have_a_picture_a_number_and_a_page_and_the_map_has_all_chapters(
    served, page
):
    page.goto(f"{served}/book/index.html", wait_until="load")
    tiles = page.locator("a.finding").all()
    numbers = [tile.locator(".finding-number").inner_text() for tile in tiles]
    verdicts = [entry["verdict"] for entry in ledger.load()]
    true, said = verdicts.count("true"), len(verdicts) - verdicts.count("missing")
    assert numbers == ["0.16%", "120 → 1", "8 ×", f"{true} of {said}"]
    for tile in tiles:
        assert tile.locator("img").evaluate("i => i.decode().then(() => i.naturalWidth)")
        assert re.fullmatch(r"[a-z-]+\.html", tile.get_attribute("href"))
    rows = page.locator("article table tbody tr").all_inner_texts()
    assert len(rows) == len(chapters())
    assert all(row.startswith(f"{number} · ") for number, row in enumerate(rows))
    titles = page.locator("article .sd-card-title").all_inner_texts()
    assert titles == ["Read", "Run", "Be graded", "Teach"]
