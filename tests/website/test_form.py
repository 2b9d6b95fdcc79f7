"""What a reader tells apart at a glance: pages, claims, verdicts, figures, folded cells."""

import re

import pytest
from bs4 import BeautifulSoup
from lesson import ledger

from course import ROOT, SITE, chapters, contents
from tests.support import PAGES
from website.extensions import page_cells

CSS = (ROOT / "book" / "assets" / "course.css").read_text("utf-8")
NAMES = [name.removeprefix("book/") for name in chapters()]


def soup(name: str) -> BeautifulSoup:
    return BeautifulSoup((SITE / f"{name}.html").read_text("utf-8"), "html.parser")


def test_chapters_and_exercises_have_their_number_in_title_menu_and_search(site):
    menu = [a.get_text(strip=True) for a in soup("search").select(".bd-links a")]
    search = (site / "searchindex.js").read_text("utf-8")
    for caption, first, mark in ((1, 0, ""), (2, 1, "E")):
        for number, name in enumerate(contents()[caption][1], start=first):
            title = soup(name).h1.find(string=True).strip()
            assert title.startswith(f"{mark}{number} · ")
            assert any(entry.startswith(title) for entry in menu)
            assert title.split(":")[0].replace("·", "\\u00b7") in search


def test_the_style_sheets_have_the_ledgers_colours():
    paper, reader = ((ROOT / "website" / f"{n}.css").read_text("utf-8") for n in ("pdf", "epub"))
    for verdict, color in ledger.COLORS.items():
        assert f"--verdict-{verdict}: {color};" in CSS
        assert f".verdict.{verdict} {{ --verdict: {color};" in paper
        assert f".verdict.{verdict} {{ border-left-color: {color};" in reader


@pytest.mark.parametrize("chapter", [c for c in NAMES if c != "refresher"])
def test_a_claim_leads_to_its_row_and_back(chapter, site):
    page, table = soup(f"book/{chapter}"), soup("book/claim-ledger")
    for box in page.select(".verdict[id^=claim-], .verdict:has(> [id^=claim-])"):
        link = box.select_one(".verdict-claim")["href"]
        assert link.startswith("claim-ledger.html#claim-")
        row = table.find(id=link.partition("#")[2])
        assert row.select_one(".claim-number")["href"].startswith(f"{chapter}.html#claim-")
        [sign] = row.select(".verdict-sign")
        assert set(sign["class"]) & set(box["class"]), "the row gives another verdict"


@pytest.mark.parametrize("chapter", NAMES)
def test_figures_are_numbered_in_order(chapter, site):
    figures = soup(f"book/{chapter}").select("figure.numbered")
    assert figures
    number = NAMES.index(chapter)
    for count, figure in enumerate(figures, start=1):
        link = figure.figcaption.a
        assert link["href"] == f"#{figure['id']}" == f"#fig-{number}-{count}"
        assert link.get_text() == f"Figure {number}.{count}"


def test_hidden_tests_of_an_exercise_are_a_line(site):
    text = soup("exercises/rnn/rnn").select_one("article").get_text()
    lines = re.findall(r"\d+ hidden tests?, \d+ points?: .*", text)
    assert lines and "# 4 points · hidden" not in text


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("import numpy as np\nfrom lesson import words", "imports"),
        ("start = {'n': 1}\nexplore(figures.bound, sizes, start=start, n=[1, 2])", "draws"),
        ("plots.show(*figures.bound(sizes, totals))", "draws"),
        ("h = cell(x)\nexplore(figures.bound, h, n=[1, 2])", None),
        ("print(3)", None),
        ('ledger.show("memory")', "ledger"),
    ],
)
def test_cells_that_only_import_or_draw_are_known(source, kind):
    assert page_cells.kind(source) == kind


@pytest.mark.slow
def test_the_address_of_a_figure_keeps_the_place_of_its_controls(served, page, tmp_path):
    page.goto(f"{served}/book/attention.html", wait_until="load")
    figure = page.locator("figure.numbered:has(.explore input)").first
    name = figure.get_attribute("id")
    page.goto(f"{served}/book/index.html")
    page.goto(f"{served}/book/attention.html#{name}=1,0", wait_until="load")
    control = page.locator(f"#{name} input").first
    control.wait_for()
    assert control.input_value() == "1"
    assert page.locator(f"#{name} figcaption a").get_attribute("href").endswith(f"#{name}=1,0")
    with page.expect_download() as download:
        page.locator(f"#{name} .figure-save").click()
    picture = tmp_path / "figure.png"
    download.value.save_as(picture)
    assert download.value.suggested_filename == f"{name}.png"
    assert picture.read_bytes().startswith(b"\x89PNG") and picture.stat().st_size > 5000


@pytest.mark.slow
@pytest.mark.browser_context_args(viewport={"width": 320, "height": 600})
@pytest.mark.parametrize("name", [p for p in PAGES if p.startswith("book/")])
def test_at_400_percent_no_page_scrolls_sideways(name, served, page):
    page.goto(f"{served}/{name}", wait_until="load")
    page.evaluate("delete document.documentElement.dataset.fresh")
    page.add_style_tag(content="html { padding-right: 15px; box-sizing: border-box }")  # a bar
    room = "document.documentElement.clientWidth"
    assert page.evaluate(f"document.documentElement.scrollWidth <= {room}")
