"""What pages say of themselves: description, picture, version, date; and the page where none is."""

import re
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image

from course import ROOT, chapters, descriptions, edition, pages, settings
from release import publish
from release.learner_edition import signposted
from tests.support import FolderHandler, serving

BASE = settings()["sphinx"]["config"]["html_baseurl"]


def meta(html: str) -> dict[str, str]:
    tags = re.findall(r'<meta (?:name|property)="([^"]+)" content="([^"]*)"', html)
    names = [name for name, _ in tags if name != "viewport"]
    assert len(set(names)) == len(names), f"said twice: {names}"
    return {name: unescape(content) for name, content in tags}


def test_each_page_has_a_description_of_its_own():
    lacking, gone = set(pages()) - set(descriptions()), set(descriptions()) - set(pages())
    assert not lacking, f"book/descriptions.yml says nothing of {lacking}; add an entry for each"
    assert not gone, f"book/descriptions.yml describes {gone}, which _toc.yml does not have"
    words = {page: about["search"] for page, about in descriptions().items()}
    assert len(set(words.values())) == len(words)
    for page, text in words.items():
        assert 60 <= len(text) <= 160, f"{page}: {len(text)} characters"
        assert text.endswith((".", "?")), page


def test_what_lists_the_chapters_has_each_of_them(site):
    """The landing page says what its reader will be able to do, Binder's page its exercise."""
    landing = (site / "book" / "index.html").read_text("utf-8")
    start = signposted((ROOT / publish.START).read_text("utf-8"))
    for number, name in enumerate(chapters()):
        about = descriptions()[name]
        lacking = {"able_to", "minutes"} - set(about)
        assert not lacking, f"book/descriptions.yml says nothing of {lacking} of {name}"
        link = rf'href="{Path(name).name}\.html"><span [^>]*>{number} · '
        row = rf"{link}.*?<p>{about['minutes']}</p>"
        assert re.search(row, landing, re.S), f"{name} has no row on the landing page"
        assert f"[{number} · " in start and f"({name}.ipynb)" in start
    for page in pages():
        if page.startswith("exercises/"):
            assert descriptions()[page].get("after"), f"{page}: after which chapters does it come?"
            assert f"({page}.ipynb)" in start


@pytest.mark.parametrize("page", pages())
def test_search_engines_and_previews_get_the_description_and_a_picture(page, site):
    tags = meta((site / f"{page}.html").read_text("utf-8"))
    words = descriptions()[page]["search"]
    assert tags["description"] == tags["og:description"] == words
    assert tags["og:url"] == f"{BASE}{page}.html"
    picture = site / tags["og:image"].removeprefix(BASE)
    with Image.open(picture) as card:
        assert card.size == (int(tags["og:image:width"]), int(tags["og:image:height"]))
    assert picture.stat().st_size < 150_000


def test_each_chapter_shows_a_figure_of_its_own(site):
    cards = set()
    for page in chapters():
        tags = meta((site / f"{page}.html").read_text("utf-8"))
        assert tags["og:image:alt"].endswith("the first figure of the page"), page
        cards.add((site / tags["og:image"].removeprefix(BASE)).read_bytes())
    assert len(cards) == len(chapters())


@pytest.mark.parametrize("page", pages())
def test_the_footer_says_version_and_date(page, site):
    html = (site / f"{page}.html").read_text("utf-8")
    said = re.search(r'class="course-version">(.*?) · Text and', html)[1]
    number, day = edition()
    months = "January February March April May June July August September October November December"
    assert said == f"Version {number} · {day.day} {months.split()[day.month - 1]} {day.year}"


def test_the_sitemap_has_each_page_and_nothing_else(site):
    listed = re.findall(r"<loc>(.*?)</loc>", (site / "sitemap.xml").read_text("utf-8"))
    assert sorted(listed) == sorted(f"{BASE}{page}.html" for page in pages())


@pytest.fixture(scope="module")
def pages_host(site):
    """The site in a folder of a host that answers with 404.html where nothing is, as Pages."""
    prefix = urlsplit(BASE).path

    class Handler(FolderHandler):
        def translate_path(self, path):
            inside = path.startswith(prefix)
            return super().translate_path(path[len(prefix) - 1 :]) if inside else "/nowhere"

        def send_error(self, code, *args, **kwargs):
            self.send_response(code)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write((site / "404.html").read_bytes())

    with serving(site, Handler) as address:
        yield address + prefix


@pytest.mark.slow
@pytest.mark.parametrize("address", ["gone.html", "book/gone.html", "a/b/c/"])
def test_a_lost_reader_finds_the_way_at_any_depth(address, pages_host, page):
    trouble = []
    page.on("response", lambda r: r.status >= 400 and trouble.append(r.url))
    page.goto(pages_host + address, wait_until="networkidle")
    assert trouble == [pages_host + address], trouble
    assert page.locator("article h1").inner_text() == "This page does not exist"
    form = "getComputedStyle(document.querySelector('.missing-search')).display"
    assert page.evaluate(form) == "flex", "the page has no style"
    assert page.locator("article li a").count() == len(pages()) - 1
    page.locator("article input[type=search]").fill("softmax")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=softmax")
    page.locator("#search-results li a").first.wait_for()
    page.go_back()
    page.locator("article li a", has_text="Word vectors").first.click()
    page.wait_for_url(f"{pages_host}book/word-vectors.html")
