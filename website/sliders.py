"""What a slider is in a page, written and read in one place.

In a page, a slider is a box of plain HTML: its controls, the first frame, and the name of a file
that holds all frames. That file is a script rather than JSON, because a page opened from a folder
may load scripts but nothing else; it hangs its data on its own element, where `course.js` finds
them. Letters look the same in every frame, so their shapes stand in the file once.
"""

import html
import itertools
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from bs4 import BeautifulSoup, Tag

BEFORE, AFTER = "document.currentScript.data = ", ";\n"
GLYPH = re.compile(r"<path id='([\w-]+)' d='[^']*' transform='scale\([\d.]+\)'/>")
SHARED = re.compile(r"<path id='([\w-]+)'/>")


@dataclass(frozen=True)
class Control:
    """One row above the figure: a range input, or buttons of which one is pressed."""

    name: str
    labels: list[str]  # of its values
    index: int  # of the value shown first
    is_range: bool


@dataclass(frozen=True)
class Frame:
    """One picture: what is seen in it, and the SVG."""

    alt: str
    svg: str


@dataclass(frozen=True)
class Slider:
    """A figure that moves. In `frames` the last control's values vary fastest."""

    controls: list[Control]
    frames: list[Frame]

    @property
    def start(self) -> tuple[int, ...]:
        """The position that is shown first."""
        return tuple(control.index for control in self.controls)

    @cached_property
    def at(self) -> dict[tuple[int, ...], Frame]:
        """The frame at each position, which is one index a control."""
        sizes = (range(len(control.labels)) for control in self.controls)
        return dict(zip(itertools.product(*sizes), self.frames, strict=True))


# ---- writing ----


def box(slider: Slider, file: str, first: str, name: str) -> str:
    """The HTML of `slider`.

    Args:
        slider: what is shown.
        file: the address of its frames, as seen from the page.
        first: the `<img>` of the frame that shows before any script has run, and without one.
        name: begins the ids of its controls, so it must be unique on the page.
    """
    rows = (_row(control, f"{name}-{i}") for i, control in enumerate(slider.controls))
    return (
        f'<div class="explore" data-frames="{file}">\n{"".join(rows)}{first}\n'
        '<div class="visually-hidden" aria-live="polite"></div></div>'
    )


def _row(control: Control, name: str) -> str:
    """Name and value above; below a slider its ends, and what lies between where there is room."""
    label, labels = html.escape(control.name), control.labels
    if control.is_range:
        value = html.escape(labels[control.index])
        last = len(labels) - 1
        return (
            f'<div class="explore-control pst-js-only"><label for="{name}">{label}</label>'
            f'<output for="{name}" aria-hidden="true">{value}</output>'
            f'<input type="range" id="{name}" min="0" max="{last}" '
            f'value="{control.index}" autocomplete="off" aria-valuetext="{value}" '
            f'style="--at: {control.index / last:.1%}" '
            f'data-labels="{html.escape(json.dumps(labels, ensure_ascii=False))}">'
            f"{_ticks(labels)}</div>\n"
        )
    buttons = (
        f'<button type="button" aria-pressed="{str(i == control.index).lower()}">'
        f"{html.escape(text)}</button>"
        for i, text in enumerate(labels)
    )
    return (
        f'<div class="explore-control pst-js-only" role="group" aria-labelledby="{name}">'
        f'<span id="{name}">{label}</span>{"".join(buttons)}</div>\n'
    )


def _ticks(labels: list[str]) -> str:
    has_room = len(labels) <= 12 and sum(map(len, labels)) <= 30
    shown = labels if has_room else [labels[0], labels[-1]]
    ticks = "".join(f"<span>{html.escape(label)}</span>" for label in shown)
    return f'<div class="explore-ticks" aria-hidden="true">{ticks}</div>'


def script(frames: Sequence[Frame]) -> str:
    """The file that holds `frames`."""
    glyphs: dict[str, str] = {}

    def share(match: re.Match) -> str:
        glyphs[match[1]] = match[0]
        return f"<path id='{match[1]}'/>"

    shared = [[frame.alt, GLYPH.sub(share, frame.svg)] for frame in frames]
    data = json.dumps({"glyphs": glyphs, "frames": shared}, ensure_ascii=False)
    return f"{BEFORE}{data}{AFTER}"


# ---- reading ----


def on_page(path: Path) -> list[Slider]:
    """The sliders of a built page, in order."""
    soup = BeautifulSoup(path.read_text("utf-8"), "html.parser")
    return [read(found, path) for found in soup.select("div.explore")]


def read(found: Tag, page: Path) -> Slider:
    """The slider whose box was found on `page`."""
    controls = [_control(row) for row in found.select(".explore-control")]
    return Slider(controls, frames(page.parent / str(found["data-frames"])))


def frames(file: Path) -> list[Frame]:
    """The frames that `script` wrote into `file`."""
    data = json.loads(file.read_text("utf-8").removeprefix(BEFORE).removesuffix(AFTER))
    glyphs = data["glyphs"]
    return [
        Frame(alt, SHARED.sub(lambda match: glyphs[match[1]], svg)) for alt, svg in data["frames"]
    ]


def _control(row: Tag) -> Control:
    name = row.select_one("label, span").get_text()
    slider = row.find("input")
    if slider:
        return Control(name, json.loads(slider["data-labels"]), int(slider["value"]), True)
    buttons = row.find_all("button")
    pressed = [button["aria-pressed"] for button in buttons]
    labels = [button.get_text() for button in buttons]
    return Control(name, labels, pressed.index("true"), False)
