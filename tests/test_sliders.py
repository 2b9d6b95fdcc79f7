"""Every slider of the book answers to keyboard and mouse, with no kernel, with the right frame."""

import itertools
import json
import re
from html import unescape

import pytest
from conftest import ROOT, SITE

STATE = re.compile(
    r'<script type="application/vnd.jupyter.widget-state\+json">(.*?)</script>', re.S
)
ALT = re.compile(r'alt="(.*?)"', re.S)


def explorables(html: str) -> list[dict]:
    """What each `explore` of a page should show: its controls' labels and its frames' alt texts."""
    match = STATE.search(html)
    if match is None:
        return []
    models = {key: m["state"] for key, m in json.loads(match[1])["state"].items()}

    def get(reference):
        return models[reference.removeprefix("IPY_MODEL_")]

    def frames(model, prefix=()):
        if "children" not in model:
            yield prefix, unescape(ALT.search(model["value"])[1])
            return
        for i, child in enumerate(model["children"]):
            yield from frames(get(child), (*prefix, i))

    found = []
    for model in models.values():
        if "explore" in model.get("_dom_classes", []):
            *controls, stack = map(get, model["children"])
            found.append(
                {
                    "labels": [c["_options_labels"] for c in controls],
                    "start": [c["index"] for c in controls],
                    "frames": dict(frames(stack)),
                }
            )
    return found


def pages_with_sliders() -> list[str]:
    pages = (p for p in SITE.glob("book/*.html") if "widget-view+json" in p.read_text("utf-8"))
    return sorted(p.relative_to(SITE).as_posix() for p in pages)


PAGES = pages_with_sliders()


def test_every_chapter_that_calls_explore_has_sliders_on_its_page(site):
    sources = [*ROOT.glob("book/*.ipynb"), *ROOT.glob("book/*.md")]
    calling = {
        p.stem for p in sources if re.search(r'^(\s*")?explore\(', p.read_text("utf-8"), re.M)
    }
    assert calling, "no chapter calls explore"
    assert calling == {p.split("/")[1].removesuffix(".html") for p in PAGES}


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_each_control_moved_by_keyboard_and_mouse_shows_the_right_frame(page, served, browser):
    expected = explorables((SITE / page).read_text("utf-8"))
    tab = browser.new_page(viewport={"width": 1280, "height": 900})
    trouble = []
    tab.on("pageerror", lambda e: trouble.append(str(e)))
    tab.on("console", lambda m: m.type == "error" and trouble.append(m.text))
    tab.goto(f"{served}/{page}")
    boxes = tab.locator(".explore")
    tab.wait_for_function(f"document.querySelectorAll('.explore').length == {len(expected)}")
    order = match(boxes, expected)
    for number, want in enumerate(order):
        check_one(tab, boxes.nth(number), want)
    assert not trouble, trouble
    tab.close()


def shown(box) -> str:
    """The alt text of the one picture that can be seen, which must have been decoded."""
    return box.evaluate(
        """async box => {
          const seen = [...box.querySelectorAll('img.lesson-figure')].filter(i => i.offsetParent);
          if (seen.length != 1) return `${seen.length} pictures are visible`;
          await seen[0].decode();
          return seen[0].naturalWidth ? seen[0].alt : 'the picture is empty';
        }"""
    )


def match(boxes, expected) -> list[dict]:
    """`expected` in the order of the page, told by the first frames."""
    order = []
    for number in range(len(expected)):
        boxes.nth(number).locator("img.lesson-figure").first.wait_for(state="attached")
        alt = shown(boxes.nth(number))
        order.append(next((e for e in expected if e["frames"][tuple(e["start"])] == alt), None))
        assert order[-1], f"figure {number} shows at first: {alt!r}"
    return order


def check_one(tab, box, want):
    index = list(want["start"])
    for k, labels in enumerate(want["labels"]):
        control = box.locator(":scope > .widget-hslider, :scope > .widget-toggle-buttons").nth(k)
        slider = control.locator(".noUi-handle")
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
            readout = control.locator(".widget-readout").inner_text()
            assert readout.strip() == labels[last], f"the readout says {readout}"
            tab.keyboard.press("ArrowLeft")
            index[k] = last - 1
            settle(tab, box, want, index, f"{labels} by keyboard, one back")
            track = control.locator(".noUi-base").bounding_box()
            tab.mouse.click(track["x"] + 1, track["y"] + track["height"] / 2)
        else:
            control.locator("button").first.click()
        index[k] = 0
        settle(tab, box, want, index, f"{labels} by mouse to the start")


def settle(tab, box, want, index, move):
    expected = want["frames"][tuple(index)]
    for _ in range(40):
        seen = shown(box)
        if seen == expected:
            return
        tab.wait_for_timeout(25)
    raise AssertionError(f"{move}: shows {seen!r} instead of {expected!r}")


@pytest.mark.parametrize("page", PAGES)
def test_frames_differ_and_say_what_is_seen(page, site):
    for figure in explorables((SITE / page).read_text("utf-8")):
        texts = list(figure["frames"].values())
        assert len(set(texts)) == len(texts), f"{page}: two frames have the same alt text"
        assert all(len(text) > 30 for text in texts), f"{page}: an alt text is too short"
        sizes = [range(len(labels)) for labels in figure["labels"]]
        assert set(figure["frames"]) == set(itertools.product(*sizes))
