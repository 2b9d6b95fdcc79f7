"""Every page of the book: no error, no request to another host, nothing wider than a phone."""

import gzip
import re

import pytest

from course import SITE

PAGES = sorted(
    p.relative_to(SITE).as_posix()
    for p in [*SITE.glob("book/*.html"), *SITE.glob("exercises/*/*.html")]
)


def test_there_are_pages(site):
    assert "book/index.html" in PAGES


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_page_opens_without_an_error_or_a_request_to_another_host(page, served, browser):
    tab = browser.new_page(viewport={"width": 390, "height": 844}, color_scheme="dark")
    trouble = []
    tab.on("pageerror", lambda e: trouble.append(f"error: {e}"))
    tab.on("console", lambda m: m.type == "error" and trouble.append(f"console: {m.text}"))
    tab.on("requestfailed", lambda r: trouble.append(f"failed: {r.url}"))

    def foreign(request):
        if not request.url.startswith((served, "data:", "blob:")):
            trouble.append(f"another host: {request.url}")

    tab.on("request", foreign)
    tab.goto(f"{served}/{page}", wait_until="networkidle")
    wider = tab.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    tab.close()
    assert not trouble, trouble
    assert wider <= 0, f"the page is {wider} px wider than a phone"


@pytest.mark.parametrize("page", PAGES)
def test_page_is_light_and_its_pictures_have_words(page, site):
    html = (SITE / page).read_bytes()
    figures = SITE / "_static" / "figures" / page.removesuffix(".html")
    files = [html, *(f.read_bytes() for f in figures.glob("*"))]
    compressed = sum(len(gzip.compress(f)) for f in files)
    assert compressed < 1_500_000, f"{compressed} bytes compressed"
    for tag in re.findall(r"<img\b[^>]*>", html.decode("utf-8")):
        assert re.search(r'\balt=\\?"[^"]', tag), f"no alt text: {tag[:200]}"
