"""The folder works from a USB stick: sliders, search and links over file://, with no network."""

import shutil

import pytest

from course import SITE


@pytest.fixture
def stick(site, context, page, tmp_path):
    """A tab without network on a copy of the site whose path has a space; fails on any error."""
    folder = tmp_path / "a stick" / "course"
    shutil.copytree(SITE, folder)
    context.set_offline(True)
    trouble = []
    page.on("pageerror", lambda e: trouble.append(f"error: {e}"))
    page.on(
        "request",
        lambda r: r.url.startswith(("file:", "data:", "blob:")) or trouble.append(r.url),
    )
    yield page, folder.as_uri()
    assert not trouble, trouble


@pytest.mark.slow
def test_slider_link_and_search_work_from_a_folder(stick):
    tab, root = stick
    tab.goto(f"{root}/index.html")
    tab.wait_for_url("**/book/index.html")
    tab.locator(".bd-links").get_by_role("link", name="The RNN loop").click()
    tab.wait_for_url("**/book/rnn-loop.html")
    tab.get_by_role("switch", name="Show what the predictions hide").press("Space")
    box = tab.locator(".explore").first
    slider = box.get_by_role("slider").first
    before = box.locator("img.lesson-figure").get_attribute("alt")
    slider.focus()
    tab.keyboard.press("Home")
    box.locator(f'img.lesson-figure:not([alt="{before}"])').wait_for()
    assert box.locator("img.lesson-figure").evaluate("i => i.decode().then(() => i.naturalWidth)")
    tab.keyboard.press("Control+k")
    tab.keyboard.type("saturate")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/search.html?q=saturate**")
    first = tab.locator("#search-results li a").first
    first.wait_for()
    first.click()
    tab.wait_for_url("**/book/*.html*")
    assert tab.locator("main h1").first.inner_text()


@pytest.mark.slow
@pytest.mark.browser_context_args(java_script_enabled=False)
def test_without_scripts_text_formulas_and_first_frames_are_there(site, page):
    page.goto((SITE / "book" / "rnn-loop.html").as_uri())
    box = page.locator(".explore").first
    assert box.locator("img.lesson-figure").is_visible()
    assert not box.get_by_role("slider").first.is_visible(), "a slider that does nothing is shown"
    assert page.locator("span.math svg").first.is_visible()
    for answer in (".admonition.dropdown p", ".admonition.answer p"):
        assert page.locator(answer).last.is_visible(), "answers cannot be opened"
