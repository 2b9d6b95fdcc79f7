"""On a phone: what is opened goes away again, and nothing makes the page wider than the screen."""

import pytest

from tests.support import PAGES, PHONE
from tests.website.support import show_everything

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser_context_args(viewport=PHONE, has_touch=True, is_mobile=True),
]


def test_a_chosen_section_is_seen_and_the_contents_menu_is_gone(served, page):
    page.goto(f"{served}/book/glossary.html", wait_until="load")
    page.tap(".secondary-toggle")
    page.locator("dialog[open] a[href='#softmax']").tap()
    page.wait_for_function("!document.querySelector('dialog[open]')")
    assert page.url.endswith("#softmax")
    top = page.locator("#softmax > h2").bounding_box()["y"]
    header = page.locator(".bd-header-article").bounding_box()
    assert header["y"] + header["height"] <= top < 300, "below the header, not under it"


def test_the_landing_page_has_no_button_for_contents_that_it_lacks(served, page):
    page.goto(f"{served}/book/index.html", wait_until="load")
    assert not page.locator(".secondary-toggle").is_visible()
    assert page.locator(".primary-toggle").is_visible()


@pytest.mark.parametrize("name", PAGES)
def test_no_page_and_no_code_is_wider_than_the_screen(name, served, page):
    show_everything(page)
    page.goto(f"{served}/{name}", wait_until="load")
    # the whole page laid out, also what is far away
    page.evaluate("delete document.documentElement.dataset.fresh")
    wide = page.evaluate("""[...document.querySelectorAll(".cell_input pre")]
        .filter((code) => code.clientWidth && code.scrollWidth > code.clientWidth + 1)
        .map((code) => code.textContent.slice(0, 60))""")
    assert not wide
    # a few scroll in themselves; the page must not
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
