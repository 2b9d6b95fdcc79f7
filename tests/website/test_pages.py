"""Every page of the book: no error, no request to another host, nothing wider than a phone."""

import gzip
import re

import pytest

from course import ROOT, SITE, settings
from tests.support import EVERY_PAGE, PAGES, PHONE
from tests.website.support import show_everything


def test_the_site_has_the_pages_of_the_contents_and_no_other(site):
    assert {p.relative_to(site).as_posix() for p in site.rglob("*.html")} == {
        "index.html",  # leads to the first page
        *EVERY_PAGE,
    }


def test_the_site_has_nothing_of_its_builder(site):
    python = {"runner.py", "figures.py", "pyodide.mjs"}  # what exercises in the page run on
    served = [p for p in (site / "_static").rglob("*") if p.is_file() and p.name not in python]
    assert served
    for kind in (".py", ".pyc", ".mjs", ".html", ".jinja", "_t"):
        assert not [p.name for p in served if p.name.endswith(kind)]
    [folder] = settings()["sphinx"]["config"]["html_static_path"]
    ours = [p for p in (ROOT / folder).rglob("*") if p.is_file()]
    assert {p.suffix for p in ours} <= {".css", ".js", ".png", ".svg"}


@pytest.mark.slow
@pytest.mark.browser_context_args(viewport=PHONE, color_scheme="dark")
@pytest.mark.parametrize("name", PAGES)
def test_page_opens_without_an_error_or_a_request_to_another_host(name, served, page):
    trouble = []
    show_everything(page)
    page.on("pageerror", lambda e: trouble.append(f"error: {e}"))
    page.on("console", lambda m: m.type == "error" and trouble.append(f"console: {m.text}"))
    page.on("requestfailed", lambda r: trouble.append(f"failed: {r.url}"))

    def foreign(request):
        if not request.url.startswith((served, "data:", "blob:")):
            trouble.append(f"another host: {request.url}")

    page.on("request", foreign)
    page.goto(f"{served}/{name}", wait_until="networkidle")
    wider = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert not trouble, trouble
    assert wider <= 0, f"the page is {wider} px wider than a phone"


@pytest.mark.parametrize("name", PAGES)
def test_page_is_light_and_its_pictures_have_words(name, site):
    html = (SITE / name).read_bytes()
    figures = SITE / "_static" / "figures" / name.removesuffix(".html")
    files = [html, *(f.read_bytes() for f in figures.glob("*"))]
    compressed = sum(len(gzip.compress(f)) for f in files)
    assert compressed < 1_500_000, f"{compressed} bytes compressed"
    for tag in re.findall(r"<img\b[^>]*>", html.decode("utf-8")):
        assert re.search(r'\balt=\\?"[^"]', tag), f"no alt text: {tag[:200]}"
