"""A page whose far parts are laid out late still opens at the place that was asked for."""

import pytest

from tests.support import PHONE

pytestmark = pytest.mark.browser_context_args(viewport=PHONE)
PAGES = ["book/how-grading-works", "book/measured", "exercises/rnn/rnn"]
SKIPPED = "e => getComputedStyle(e).contentVisibility === 'auto'"
# The block at the top of the view and where it stands, once twenty frames have not moved it.
AT_THE_TOP = """async () => {
  const look = () => {
    const blocks = [...document.querySelectorAll('.bd-article section section > *')];
    const first = blocks.find((e) => e.getBoundingClientRect().bottom > 100);
    return [blocks.indexOf(first), Math.round(first.getBoundingClientRect().top)];
  };
  let seen = look();
  for (let still = 0; still < 20; still += 1) {
    await new Promise(requestAnimationFrame);
    const now = look();
    if (now.join() !== seen.join()) [seen, still] = [now, 0];
  }
  return seen;
}"""


def settled(page) -> tuple[int, int]:
    """Which block is at the top of the view, and where, when nothing scrolls any more."""
    return tuple(page.evaluate(AT_THE_TOP))


@pytest.mark.parametrize("name", PAGES)
def test_a_link_into_a_page_shows_its_heading(name, served, page):
    page.goto(f"{served}/{name}.html", wait_until="load")
    assert page.locator(".bd-article section section > p").last.evaluate(SKIPPED)
    room = "document.documentElement.scrollHeight - innerHeight"
    for place in page.eval_on_selector_all("section section[id]", "all => all.map((e) => e.id)"):
        page.goto("about:blank")
        page.goto(f"{served}/{name}.html#{place}", wait_until="load")
        page.wait_for_function("scrollY > 0")
        top = page.evaluate("id => document.getElementById(id).getBoundingClientRect().top", place)
        assert 40 < top < 100 or page.evaluate(f"{room} - scrollY") < 2, place


@pytest.mark.parametrize("name", PAGES)
def test_whoever_reloads_or_comes_back_finds_their_place(name, served, page):
    page.goto(f"{served}/{name}.html", wait_until="load")
    for _ in range(6):
        page.mouse.wheel(0, 700)
        settled(page)
    index, top = settled(page)
    assert index > 5
    for come_back in (
        page.reload,
        lambda: (page.goto(f"{served}/book/index.html"), page.go_back()),
    ):
        come_back()
        now, there = settled(page)
        assert now == index and abs(there - top) < 40
