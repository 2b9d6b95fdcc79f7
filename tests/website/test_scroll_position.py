"""A page whose far parts are laid out late still opens at the place that was asked for."""

import pytest

PAGES = ["book/how-grading-works", "book/measured", "exercises/rnn/rnn"]
SKIPPED = "e => getComputedStyle(e).contentVisibility === 'auto'"
AT_THE_TOP = """() => {
  const blocks = [...document.querySelectorAll('.bd-article section section > *')];
  const first = blocks.find((e) => e.getBoundingClientRect().bottom > 100);
  return [blocks.indexOf(first), Math.round(first.getBoundingClientRect().top)];
}"""


@pytest.fixture(scope="module")
def tab(browser):
    tab = browser.new_page(viewport={"width": 390, "height": 844})
    yield tab
    tab.close()


@pytest.mark.parametrize("page", PAGES)
def test_a_link_into_a_page_shows_its_heading(page, served, tab):
    tab.goto(f"{served}/{page}.html", wait_until="load")
    assert tab.locator(".bd-article section section > p").last.evaluate(SKIPPED)
    room = "document.documentElement.scrollHeight - innerHeight"
    for name in tab.eval_on_selector_all("section section[id]", "all => all.map((e) => e.id)"):
        tab.goto("about:blank")
        tab.goto(f"{served}/{page}.html#{name}", wait_until="load")
        tab.wait_for_function("scrollY > 0")
        top = tab.evaluate("id => document.getElementById(id).getBoundingClientRect().top", name)
        assert 40 < top < 100 or tab.evaluate(f"{room} - scrollY") < 2, name


@pytest.mark.parametrize("page", PAGES)
def test_whoever_reloads_or_comes_back_finds_their_place(page, served, tab):
    tab.goto(f"{served}/{page}.html", wait_until="load")
    for _ in range(6):
        tab.mouse.wheel(0, 700)
        tab.wait_for_timeout(150)
    tab.wait_for_timeout(500)
    index, top = tab.evaluate(AT_THE_TOP)
    assert index > 5
    for come_back in (tab.reload, lambda: (tab.goto(f"{served}/book/index.html"), tab.go_back())):
        come_back()
        tab.wait_for_timeout(500)
        now, there = tab.evaluate(AT_THE_TOP)
        assert now == index and abs(there - top) < 40
