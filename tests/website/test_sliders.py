"""Every slider of the book answers to keys, mouse and thumb: no kernel, the right frame."""

import itertools
import re
import time
from html import unescape
from xml.etree import ElementTree

import matplotlib.pyplot as plt
import pytest
from ipywidgets.embed import dependency_state
from lesson import explore

from course import ROOT, SITE
from tests.support import PAGES, PATIENCE, PHONE
from tests.website.support import show_everything
from website import sliders
from website.extensions import page_figures
from website.sliders import Control, Frame, Slider

WITH_SLIDERS = [
    page
    for page in PAGES
    if (SITE / page).exists() and 'class="explore"' in (SITE / page).read_text("utf-8")
]


def test_the_page_has_every_frame_of_explore_in_its_place(tmp_path):
    alt = "What is seen for n = {n}, “{kind}” & x = {x}."

    def draw(n, kind, x):
        fig, ax = plt.subplots(figsize=(2, 1))
        ax.set_title(f"{n} {kind} {x}")
        return fig, alt.format(n=n, kind=kind, x=x)

    grid = {"n": [1, 2, 3], "kind": ["a<b", 'the "other"'], "x": [0.5, 4.0]}
    figure = explore(draw, start={"n": 3, "x": 4.0}, **grid)
    state = dependency_state([figure], drop_defaults=False)
    page = page_figures.Page(tmp_path, "book/somewhere")
    made = page.explorable({k: m["state"] for k, m in state.items()}, figure.model_id, 1)
    built = tmp_path / "book" / "somewhere.html"
    built.parent.mkdir()
    built.write_text(made, "utf-8")
    [slider] = sliders.on_page(built)
    assert slider.controls == [
        Control("words n", ["1", "2", "3"], 2, is_range=True),
        Control("kind", ["a<b", 'the "other"'], 0, is_range=False),
        Control("x", ["0.5", "4"], 1, is_range=True),
    ]
    wanted = [
        alt.format(**dict(zip(grid, v, strict=True))) for v in itertools.product(*grid.values())
    ]
    assert [frame.alt for frame in slider.frames] == wanted
    pictures = {frame.svg for frame in slider.frames}
    assert len(pictures) == len(wanted), "two frames are the same picture"
    for picture in pictures:
        ElementTree.fromstring(picture)
    first = re.search(r'<img [^>]*alt="(.*?)"[^>]* src="(.*?)"', made)
    assert unescape(first[1]) == slider.at[slider.start].alt == alt.format(n=3, kind="a<b", x=4.0)
    assert (built.parent / first[2]).read_text("utf-8") == slider.at[slider.start].svg
    assert re.findall('aria-valuetext="(.*?)"', made) == ["3", "4"]
    assert re.findall('aria-pressed="(.*?)">(.*?)<', made) == [
        ("true", "a&lt;b"),
        ("false", "the &quot;other&quot;"),
    ]


def test_letters_are_stored_once_and_come_back(tmp_path):
    glyph = "<path id='A-1' d='M0 0L1 1' transform='scale(0.5)'/>"
    frames = [Frame(f"frame {n}", f"<svg>{glyph}<text>{n}</text></svg>") for n in range(3)]
    file = tmp_path / "frames.js"
    file.write_text(sliders.script(frames), "utf-8")
    assert file.read_text("utf-8").count("M0 0L1 1") == 1
    assert sliders.frames(file) == frames


def test_every_chapter_that_calls_explore_has_sliders_on_its_page(site):
    sources = [*ROOT.glob("book/*.ipynb"), *ROOT.glob("book/*.md")]
    calling = {
        p.stem for p in sources if re.search(r'^(\s*")?explore\(', p.read_text("utf-8"), re.M)
    }
    assert calling, "no chapter calls explore"
    assert calling == {p.split("/")[1].removesuffix(".html") for p in WITH_SLIDERS}


@pytest.mark.slow
@pytest.mark.parametrize("name", WITH_SLIDERS)
def test_each_control_moved_by_keyboard_and_mouse_shows_the_right_frame(name, served, page):
    expected = sliders.on_page(SITE / name)
    trouble = []
    page.on("pageerror", lambda e: trouble.append(str(e)))
    page.on("console", lambda m: m.type == "error" and trouble.append(m.text))
    show_everything(page)
    page.goto(f"{served}/{name}")
    boxes = page.locator(".explore")
    assert boxes.count() == len(expected)
    for number, want in enumerate(expected):
        assert shown(boxes.nth(number)) == want.at[want.start].alt
        check_one(page, boxes.nth(number), want)
    assert not trouble, trouble


def shown(box) -> str:
    """The alt text of the one picture that can be seen, which must have been decoded."""
    return box.evaluate(
        """async box => {
          const seen = [...box.querySelectorAll('img.lesson-figure')].filter(i => i.offsetParent);
          seen[0]?.scrollIntoView({block: 'center'});
          if (seen.length != 1) return `${seen.length} pictures are visible`;
          await seen[0].decode();
          return seen[0].naturalWidth ? seen[0].alt : 'the picture is empty';
        }"""
    )


def check_one(tab, box, want: Slider):
    index = list(want.start)
    for k, labels in enumerate(control.labels for control in want.controls):
        control = box.locator(".explore-control").nth(k)
        slider = control.get_by_role("slider")
        is_slider = slider.count() == 1
        # to the far end and back by one, so that the last value and a middle one are seen
        last = len(labels) - 1
        if is_slider:
            slider.focus()
            tab.keyboard.press("End")
        else:
            control.locator("button").nth(last).focus()
            tab.keyboard.press("Enter")
        index[k] = last
        settle(tab, box, want, index, f"{labels} by keyboard to the end")
        if is_slider:
            readout = control.locator("output").inner_text()
            assert readout.strip() == labels[last], f"the readout says {readout}"
            assert slider.get_attribute("aria-valuetext") == labels[last]
            tab.keyboard.press("ArrowLeft")
            index[k] = last - 1
            settle(tab, box, want, index, f"{labels} by keyboard, one back")
            track = slider.bounding_box()
            tab.mouse.click(track["x"] + 1, track["y"] + track["height"] / 2)
        else:
            control.locator("button").first.click()
        index[k] = 0
        settle(tab, box, want, index, f"{labels} by mouse to the start")
    said = box.locator("[aria-live]")
    said.get_by_text(want.at[tuple(index)].alt, exact=True).wait_for(state="attached")


def settle(tab, box, want, index, move):
    expected = want.at[tuple(index)].alt
    deadline = time.monotonic() + PATIENCE / 1000
    while (seen := shown(box)) != expected:
        assert time.monotonic() < deadline, f"{move}: shows {seen!r} instead of {expected!r}"
        tab.wait_for_timeout(25)


@pytest.mark.browser_context_args(viewport=PHONE, has_touch=True, is_mobile=True)
def test_a_thumb_drags_a_slider_and_scrolls_past_it(served, page, context):
    name = next(name for name in WITH_SLIDERS if "<input" in (SITE / name).read_text("utf-8"))
    show_everything(page)
    page.goto(f"{served}/{name}")
    slider = page.locator(".explore-control input").first
    slider.scroll_into_view_if_needed()
    fingers = context.new_cdp_session(page)

    def swipe(*points):
        kinds = ["touchStart", *["touchMove"] * (len(points) - 1), "touchEnd"]
        for kind, point in zip(kinds, [*points, None], strict=True):
            touched = [dict(zip("xy", point, strict=True))] if point else []
            fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touched})

    def where():
        track = slider.bounding_box()
        return track["x"] + 13, track["x"] + track["width"] - 13, track["y"] + track["height"] / 2

    left, right, y = where()
    swipe((left, y), *((left + (right - left) * k / 10, y) for k in range(1, 11)))
    assert slider.input_value() == slider.get_attribute("max"), "a drag moves it"
    before = page.evaluate("scrollY")
    left, right, y = where()
    swipe((left, y), *((left, y - 20 * k) for k in range(1, 16)))
    page.wait_for_function(f"scrollY > {before + 100}")
    assert slider.input_value() == slider.get_attribute("max"), "scrolling does not"


@pytest.mark.parametrize("name", WITH_SLIDERS)
def test_frames_differ_and_say_what_is_seen(name, site):
    for slider in sliders.on_page(SITE / name):
        texts = [frame.alt for frame in slider.frames]
        assert len(set(texts)) == len(texts), f"{name}: two frames have the same alt text"
        assert all(len(text) > 30 for text in texts), f"{name}: an alt text is too short"
        assert len(slider.at) == len(texts)
