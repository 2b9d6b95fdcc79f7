"""On a phone: what is opened goes away again, and nothing makes the page wider than the screen."""

import pytest

from course import SITE

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
PAGES = sorted(p.relative_to(SITE).as_posix() for p in SITE.glob("*/**/*.html"))
PAGES = [page for page in PAGES if page.startswith(("book/", "exercises/"))]


@pytest.fixture
def phone(browser):
    context = browser.new_context(**PHONE)
    yield context.new_page()
    context.close()


@pytest.mark.slow
def test_a_chosen_section_is_seen_and_the_contents_menu_is_gone(served, phone):
    phone.goto(f"{served}/book/glossary.html", wait_until="load")
    phone.tap(".secondary-toggle")
    phone.locator("dialog[open] a[href='#softmax']").tap()
    phone.wait_for_function("!document.querySelector('dialog[open]')")
    assert phone.url.endswith("#softmax")
    top = phone.locator("#softmax > h2").bounding_box()["y"]
    header = phone.locator(".bd-header-article").bounding_box()
    assert header["y"] + header["height"] <= top < 300, "below the header, not under it"


@pytest.mark.slow
def test_the_landing_page_has_no_button_for_contents_that_it_lacks(served, phone):
    phone.goto(f"{served}/book/index.html", wait_until="load")
    assert not phone.locator(".secondary-toggle").is_visible()
    assert phone.locator(".primary-toggle").is_visible()


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_no_page_and_no_code_is_wider_than_the_screen(page, served, phone):
    phone.goto(f"{served}/{page}", wait_until="load")
    # the whole page laid out, also what is far away
    phone.evaluate("delete document.documentElement.dataset.fresh")
    wide = phone.evaluate("""[...document.querySelectorAll(".cell_input pre")]
        .filter((code) => code.clientWidth && code.scrollWidth > code.clientWidth + 1)
        .map((code) => code.textContent.slice(0, 60))""")
    assert not wide
    # a few scroll in themselves; the page must not
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
