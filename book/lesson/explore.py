"""Sliders that answer at once, with a kernel or without one.

All frames are drawn beforehand and the browser switches between them, so the same cell works in the
published page, in JupyterLab and in Binder.
"""

import base64
import io
import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import ipywidgets as widgets
import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from PIL import Image

from lesson import frames

Draw = Callable[..., tuple[Figure, str]]
Grid = dict[str, list[Any]]  # the values of each parameter
Index = tuple[int, ...]  # of a frame: the position of each parameter's value

MAX_FRAMES = 60  # a page has to stay light: every frame travels in it
WORDS = {"n": "words n", "d": "width d", "H": "units H", "T": "symbols T"}  # of one-letter names
STRIP = 5  # positions shown side by side where no slider can be


def explore(
    draw: Draw,
    *data: Any,
    start: Mapping[str, Any] | None = None,
    **parameters: Iterable[Any],
) -> "Explore":
    """A figure with one control for each parameter.

    For example `explore(figures.gradients, rnn, start={"radius": 0.9}, radius=[0.5, 0.9, 1.5])`.

    Args:
        draw: called as `draw(*data, **values)` once for each combination of values; returns the
            figure and its alt text, which says what is seen in it.
        *data: what every frame is drawn from.
        start: the value that is shown first, for parameters that do not start at their first one.
        **parameters: the values of each parameter. Numbers get a slider, anything else buttons.

    Raises:
        ValueError: a parameter has fewer than two values, `start` names a parameter or a value
            that there is not, a frame has no alt text, or there are more than 60 frames.
    """
    grid = {name: list(values) for name, values in parameters.items()}
    return Explore(draw, data, _first(start or {}, grid), grid)


class Explore(widgets.VBox):
    """What `explore` returns: controls above nested stacks of frames, tied in the browser."""

    def __init__(self, draw: Draw, data: Sequence[Any], first: Index, grid: Grid):
        shown_side_by_side = strip(first, [len(values) for values in grid.values()])
        shown: dict[Index, widgets.HTML] = {}
        printed: dict[Index, bytes] = {}
        for index, values in _combinations(grid):
            fig, alt = draw(*data, **values)
            shown[index] = widgets.HTML(frames.img(fig, alt))
            if index in shown_side_by_side:
                printed[index] = frames.png(fig)
            plt.close(fig)
        self.controls = [
            _control(name, values, i) for (name, values), i in zip(grid.items(), first, strict=True)
        ]
        self._links: list[widgets.Widget] = []  # a link works for as long as something holds it
        if hasattr(widgets, "Stack"):
            pictures = self._stack(shown, first, ())
        else:  # ipywidgets 7, which Colab has: there the kernel does the switching
            pictures = self._switched(shown)
        super().__init__([*self.controls, pictures])
        self.add_class("explore")
        self._png = _paste([printed[index] for index in shown_side_by_side])
        ends = (f"{c.description} {c.options[0]} … {c.options[-1]}" for c in self.controls)
        self._text = "A figure to explore: " + ", ".join(ends)

    def _stack(self, shown: dict[Index, widgets.HTML], first: Index, at: Index) -> widgets.Widget:
        """The frames whose index begins with `at`, switched by the controls that follow."""
        level = len(at)
        if level == len(self.controls):
            return shown[at]
        control = self.controls[level]
        children = [self._stack(shown, first, (*at, i)) for i in range(len(control.options))]
        stack = widgets.Stack(children, selected_index=first[level])
        self._links.append(widgets.jslink((control, "index"), (stack, "selected_index")))
        return stack

    def _switched(self, shown: dict[Index, widgets.HTML]) -> widgets.HTML:
        frame = widgets.HTML()

        def switch(_: object = None) -> None:
            frame.value = shown[tuple(c.index for c in self.controls)].value

        for control in self.controls:
            control.observe(switch, "index")
        switch()
        return frame

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        bundle = super()._repr_mimebundle_(**kwargs)
        bundle["text/plain"] = self._text
        bundle["image/png"] = base64.b64encode(self._png).decode()
        return bundle


def _first(start: Mapping[str, Any], grid: Grid) -> Index:
    """The frame to show first. Raises ValueError as `explore` does."""
    for name, values in grid.items():
        if len(values) < 2:
            raise ValueError(f"{name} needs at least two values, got {len(values)}")
    for name, value in start.items():
        if name not in grid:
            raise ValueError(f"start names {name!r}; the parameters are {', '.join(grid)}")
        if value not in grid[name]:
            choices = ", ".join(map(repr, grid[name]))
            raise ValueError(f"start[{name!r}] is {value!r}; the values of {name} are {choices}")
    n_frames = math.prod(len(values) for values in grid.values())
    if not grid or n_frames > MAX_FRAMES:
        raise ValueError(
            f"{n_frames} frames; a page carries between 2 and {MAX_FRAMES} of a figure"
        )
    return tuple(v.index(start[name]) if name in start else 0 for name, v in grid.items())


def _combinations(grid: Grid) -> Iterator[tuple[Index, dict[str, Any]]]:
    """Each frame's index with its values, the last parameter varying fastest."""
    for index in itertools.product(*(range(len(values)) for values in grid.values())):
        yield index, {name: grid[name][i] for name, i in zip(grid, index, strict=True)}


def _label(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _control(name: str, values: list[Any], index: int) -> widgets.Widget:
    numeric = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
    return (widgets.SelectionSlider if numeric else widgets.ToggleButtons)(
        options=[_label(v) for v in values],
        index=index,
        description=WORDS.get(name, name.replace("_", " ")),
        style={"description_width": "initial"},
        layout=widgets.Layout(width="min(100%, 36rem)" if numeric else "auto"),
    )


def strip(first: Index, sizes: Sequence[int]) -> list[Index]:
    """What stands side by side where no slider can be, on paper say.

    The first frame, then a few positions of the longest slider, the others as they stand; `sizes`
    says how many values each slider has.
    """
    longest = sizes.index(max(sizes))
    n = min(STRIP, sizes[longest])
    picks = [round(k * (sizes[longest] - 1) / (n - 1)) for k in range(n)]
    return [first] + [(*first[:longest], i, *first[longest + 1 :]) for i in picks]


def _paste(pngs: Sequence[bytes]) -> bytes:
    """The first picture at full size above a row of the others."""
    first, *rest = (Image.open(io.BytesIO(p)) for p in pngs)
    width = first.width // len(rest)
    small = [
        p.resize((width, round(p.height * width / p.width)), Image.Resampling.LANCZOS) for p in rest
    ]
    sheet = Image.new("RGB", (first.width, first.height + max(p.height for p in small)), "white")
    sheet.paste(first, (0, 0))
    for i, picture in enumerate(small):
        sheet.paste(picture, (i * width, first.height))
    buffer = io.BytesIO()
    sheet.quantize(128).save(buffer, format="png", optimize=True)
    return buffer.getvalue()
