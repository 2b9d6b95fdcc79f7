"""Walking a page by keyboard, one always sees where one is."""

import pytest

LOOK = """() => {
  const e = document.activeElement, style = getComputedStyle(e), box = e.getBoundingClientRect();
  return {
    what: e.outerHTML.slice(0, 300), end: e === document.body,
    ring: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
    seen: box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight,
  };
}"""


@pytest.mark.slow
def test_every_stop_has_a_ring_and_the_sliders_are_among_them(served, browser):
    tab = browser.new_page(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    tab.goto(f"{served}/book/memory.html", wait_until="load")
    stops = []
    for _ in range(200):
        tab.keyboard.press("Tab")
        stop = tab.evaluate(LOOK)
        if stop["end"]:
            break
        stops.append(stop)
    tab.close()
    assert "Skip to main content" in stops[0]["what"] or "skip-link" in stops[0]["what"]
    assert any('type="range"' in stop["what"] for stop in stops)
    assert any("Toggle hidden content" in stop["what"] for stop in stops)
    lost = [stop["what"] for stop in stops[1:] if not (stop["ring"] and stop["seen"])]
    assert not lost, lost
