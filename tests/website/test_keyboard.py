"""Who has only a keyboard can read the site: each stop is seen and named, none is lost."""

import io
import itertools
import re

import pytest
from PIL import Image

from course import SITE
from tests.support import PAGES
from tests.website.support import as_published, show_everything

DESKTOP, PHONE = (1280, 900), (390, 844)
ZOOMED = (320, 256)  # a desktop's screen, four times as large
# each page once; what is the theme's is the same on all of them
VIEWS = list(zip([*PAGES, "404.html"], itertools.cycle([DESKTOP, PHONE]), strict=False))

# What is wrong with the stop where one is, once it is painted; null at the end of the page.
LOOK = """async () => {
  await new Promise(requestAnimationFrame);
  const e = document.activeElement;
  if (e === document.body) return null;
  const card = e.matches('.sd-stretched-link');
  const ring = getComputedStyle(e, card ? '::after' : null);
  const reach = parseFloat(ring.outlineWidth) + parseFloat(ring.outlineOffset);
  const box = (card ? e.closest('.sd-card') : e).getBoundingClientRect();
  const found = [];
  if (ring.outlineStyle === 'none' || parseFloat(ring.outlineWidth) < 2) found.push('no ring');
  const top = Math.max(box.top, 0), bottom = Math.min(box.bottom, innerHeight);
  const tall = Math.min(box.height, innerHeight / 2);
  const wide = box.left > -2 && box.right < innerWidth + 2 && box.width > 1;
  if (!wide || bottom - top < tall - 2) found.push('out of view');
  const at = document.elementFromPoint(box.left + box.width / 2, (top + bottom) / 2);
  if (!at || !(e.contains(at) || at.contains(e))) found.push(`under ${at?.className}`);
  for (let p = e.parentElement; p !== document.body; p = p.parentElement) {
    const { overflowX, overflowY, position } = getComputedStyle(p);
    const edge = p.getBoundingClientRect();
    const x = Math.max(edge.left - box.left, box.right - edge.right);
    const y = Math.max(edge.top - box.top, box.bottom - edge.bottom);
    const cut = overflowX !== 'visible' && x + reach > 2
      || overflowY !== 'visible' && box.height < edge.height && y + reach > 2;
    if (cut) found.push(`ring cut off by ${p.className}`);
    if (position === 'fixed') break;
  }
  const name = e.ariaLabel || e.innerText || e.labels?.[0]?.innerText
    || e.querySelector('[alt]')?.alt || e.querySelector('title')?.textContent;
  if (!name?.trim()) found.push('no name');
  const height = document.documentElement.scrollHeight;
  return { what: e.outerHTML.slice(0, 200), faults: found, height };
}"""


def here(tab) -> str:
    """The tag, classes and words of the element that has the focus."""
    return tab.evaluate(
        "(e => `${e.tagName} ${e.className} ${e.ariaLabel ?? e.innerText}`)(document.activeElement)"
    )


@pytest.fixture
def visit(served, new_context):
    """Opens a page of the site."""

    def open_page(page, view=DESKTOP, **more):
        size = dict(zip(("width", "height"), view, strict=True))
        tab = new_context(reduced_motion="reduce", **more).new_page()
        tab.set_viewport_size(size)
        as_published(tab)
        show_everything(tab)
        tab.goto(f"{served}/{page}", wait_until="load")
        return tab

    return open_page


@pytest.mark.slow
@pytest.mark.parametrize(("page", "view"), VIEWS)
def test_every_stop_has_a_ring_and_a_name_and_is_seen(page, view, visit):
    tab = visit(page, view)
    stops = []
    while len(stops) < 400:
        tab.keyboard.press("Tab")
        stop = tab.evaluate(LOOK)
        if stop is None:
            break
        stops.append(stop)
    assert "Skip to main content" in stops[0]["what"]
    poor = [f"{', '.join(stop['faults'])}: {stop['what']}" for stop in stops if stop["faults"]]
    assert not poor, "\n".join(poor)
    # what grows above a stop pushes it out of the view of whoever is quicker than the painting
    heights = [stop["height"] for stop in stops]
    assert max(heights) - min(heights) < 10, "the page grows while one walks"
    text = (SITE / page).read_text("utf-8")
    for control, made_of in {
        'class="toggle-button': r'class="dropdown (\w+ )?admonition"',
        'type="range"': 'type="range"',
    }.items():
        made = len(re.findall(made_of, text))
        # what a figure brings with it once it lives: how boldly the nets write on
        more = control == 'type="range"' and 'class="sentence"' in text
        assert made <= sum(control in stop["what"] for stop in stops) <= made + more


@pytest.mark.slow
def test_no_press_in_the_header_loses_the_place(visit):
    tab = visit("book/memory.html")
    press = tab.keyboard.press
    press("Tab")
    press("Enter")
    assert here(tab).startswith("H1"), "the skip link leads to the text, past the row of buttons"
    press("Control+k")
    assert here(tab).startswith("INPUT")
    press("Escape")
    assert here(tab).startswith("H1")
    theme = tab.locator(".theme-switch-button")
    theme.focus()
    modes = set()
    for _ in range(3):
        press("Enter")
        modes.add(here(tab).rpartition(": ")[2])
    assert modes == {"auto", "dark", "light"}, "pressed again and again, it says what it is now"
    tab.get_by_role("status").get_by_text(f"Color mode: {here(tab).rpartition(': ')[2]}").wait_for()
    menu = tab.get_by_role("button", name="Site menu")
    menu.focus()
    assert menu.get_attribute("aria-expanded") == "true"
    press("Space")
    assert menu.get_attribute("aria-expanded") == "false"
    assert "Site menu" in here(tab)
    copy = tab.locator(".copybtn:visible").first
    copy.focus()
    press("Enter")
    assert "copybtn" in here(tab)
    tab.get_by_role("status").get_by_text("Copied!").wait_for()
    answer = tab.locator(".toggle-button").first
    answer.focus()
    for key, state in (("Enter", "true"), ("Space", "false")):
        press(key)
        assert answer.get_attribute("aria-expanded") == state
    tab.locator("#pst-page-toc-nav a").last.focus()
    press("Enter")
    tab.wait_for_function("document.activeElement.matches('#summary h2')")


@pytest.mark.slow
def test_on_a_phone_menus_are_dialogs_that_give_the_focus_back(visit):
    tab = visit("book/memory.html", PHONE)
    press = tab.keyboard.press
    for name in ("Site menu", "Contents of this page"):
        tab.get_by_role("button", name=name).focus()
        press("Enter")
        dialog = tab.get_by_role("dialog", name=name)
        dialog.wait_for()
        press("Tab")
        assert dialog.evaluate("dialog => dialog.contains(document.activeElement)")
        press("Escape")
        tab.wait_for_function("!document.querySelector('dialog[open]')")
        assert name in here(tab)
    press("Enter")
    press("Tab")
    press("Tab")
    press("Enter")
    tab.wait_for_function("document.activeElement.matches('#how-much-fits h2')")
    assert not tab.locator("dialog[open]").count()


@pytest.mark.slow
def test_what_scrolls_sideways_does_so_by_arrow_keys(visit):
    for page, view, what in [
        ("book/memory.html", DESKTOP, "Code"),
        ("book/memory.html", PHONE, "Output"),
        ("book/all-at-once.html", PHONE, "Table"),
        ("book/gates.html", ZOOMED, "Formula"),
    ]:
        tab = visit(page, view)
        tab.get_by_role("group", name=f"{what}, scrolls sideways").first.focus()
        tab.keyboard.press("ArrowRight")
        tab.wait_for_function("document.activeElement.scrollLeft > 0")


@pytest.mark.slow
def test_results_of_a_search_are_said_and_quote_the_text(visit):
    tab = visit("search.html?q=gradient")
    tab.get_by_role("status").get_by_text("Search finished").wait_for()
    assert here(tab).startswith("INPUT")
    quotes = tab.locator("#search-results p.context")
    quotes.first.wait_for()
    assert not [text for text in quotes.all_inner_texts() if ".pdf" in text]
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.matches('#search-results a')")


@pytest.mark.slow
def test_contents_that_made_room_for_a_wide_table_unfold_under_the_focus(visit):
    tab = visit("book/claim-ledger.html")
    tab.locator("#pst-page-toc-nav a").last.focus()
    tab.locator(".cell_output table tr").nth(20).scroll_into_view_if_needed()
    tab.wait_for_selector("#pst-secondary-sidebar.hide", state="attached")
    opacity = "getComputedStyle(document.querySelector('nav.page-toc')).opacity"
    assert tab.evaluate(opacity) == "1"
    tab.evaluate("document.activeElement.blur()")
    assert tab.evaluate(opacity) == "0"


@pytest.mark.slow
def test_contrast_themes_leave_tracks_and_pressed_buttons_to_be_seen(visit):
    tab = visit("book/claim-ledger.html", forced_colors="active")
    buttons = tab.locator(".verdict-filter button")
    grounds = [b.evaluate("b => getComputedStyle(b).backgroundColor") for b in buttons.all()]
    assert grounds[0] not in grounds[1:]
    tab = visit("book/memory.html", forced_colors="active")
    slider = tab.locator("input[type=range]").first
    slider.scroll_into_view_if_needed()  # and lay out what is above
    slider.press("End")
    with Image.open(io.BytesIO(slider.screenshot())) as shot:
        middle, end = shot.height // 2, shot.width - 12  # the thumb's, at the last value
        page, track, thumb = (shot.getpixel(at) for at in ((1, 1), (20, middle), (end, middle - 9)))
    assert page not in (track, thumb)
