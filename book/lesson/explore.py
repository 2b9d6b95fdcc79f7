"""Sliders that answer at once, with a kernel or without one.

All frames are drawn beforehand and the browser switches between them, so the same cell works in the
published page, in JupyterLab and in Binder.
"""

import base64
import io
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as widgets
import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from PIL import Image

from lesson import frames

MAX_FRAMES = 60  # a page has to stay light: every frame travels in it
STRIP = 5  # positions shown side by side where no slider can be


def explore(
    draw: Callable[..., Figure],
    alt: str | Callable[..., str],
    start: dict[str, int] | None = None,
    **parameters: Sequence[Any],
) -> "Explore":
    """A figure with one control for each parameter.

    Args:
        draw: called as `draw(**values)` once for each combination of values; returns the figure.
        alt: what is seen in a frame, as `alt(**values)` or as a format string for the values.
        start: index of the value shown first, for parameters that do not start at their first one.
        **parameters: the values of each parameter. Numbers get a slider, anything else buttons.

    Raises:
        ValueError: a parameter has fewer than two values, `start` names an unknown parameter or
            position, or there are more than 60 frames.
    """
    return Explore(draw, alt, start or {}, {name: list(v) for name, v in parameters.items()})


class Explore(widgets.VBox):
    """What `explore` returns: controls above nested stacks of frames, tied in the browser."""

    def __init__(self, draw, alt, start, parameters):
        _check(start, parameters)
        first = tuple(start.get(name, 0) for name in parameters)
        pictures = {}
        for index in itertools.product(*(range(len(v)) for v in parameters.values())):
            values = {name: v[i] for (name, v), i in zip(parameters.items(), index, strict=True)}
            fig = draw(**values)
            text = alt(**values) if callable(alt) else alt.format(**values)
            frame = widgets.HTML(frames.img(fig, text))
            pictures[index] = frame, frames.png(fig) if index in _strip(first, parameters) else None
            plt.close(fig)
        self.controls = [
            _control(name, values, i)
            for (name, values), i in zip(parameters.items(), first, strict=True)
        ]
        self._links = []  # a link works for as long as something holds it
        if hasattr(widgets, "Stack"):
            shown = self._stack(pictures, list(parameters.values()), first, ())
        else:  # ipywidgets 7, which Colab has: there the kernel does the switching
            shown = self._switched(pictures)
        super().__init__([*self.controls, shown])
        self.add_class("explore")
        self._png = _paste([pictures[i][1] for i in _strip(first, parameters)])
        ends = (f"{c.description} {c.options[0]} … {c.options[-1]}" for c in self.controls)
        self._text = "A figure to explore: " + ", ".join(ends)

    def _stack(self, pictures, grids, first, prefix):
        level = len(prefix)
        if level == len(grids):
            return pictures[prefix][0]
        children = [
            self._stack(pictures, grids, first, (*prefix, i)) for i in range(len(grids[level]))
        ]
        stack = widgets.Stack(children, selected_index=first[level])
        link = widgets.jslink((self.controls[level], "index"), (stack, "selected_index"))
        self._links.append(link)
        return stack

    def _switched(self, pictures):
        frame = widgets.HTML()

        def switch(_=None):
            frame.value = pictures[tuple(c.index for c in self.controls)][0].value

        for control in self.controls:
            control.observe(switch, "index")
        switch()
        return frame

    def _repr_mimebundle_(self, **kwargs):
        bundle = super()._repr_mimebundle_(**kwargs)
        bundle["text/plain"] = self._text
        bundle["image/png"] = base64.b64encode(self._png).decode()
        return bundle


def _check(start, parameters):
    for name, values in parameters.items():
        if len(values) < 2:
            raise ValueError(f"{name} needs at least two values, got {len(values)}")
    for name, i in start.items():
        if name not in parameters:
            raise ValueError(f"start names {name!r}; the parameters are {', '.join(parameters)}")
        if not 0 <= i < len(parameters[name]):
            raise ValueError(f"start[{name!r}] = {i}: {name} has {len(parameters[name])} values")
    n_frames = 1
    for values in parameters.values():
        n_frames *= len(values)
    if not parameters or n_frames > MAX_FRAMES:
        raise ValueError(
            f"{n_frames} frames; a page carries between 2 and {MAX_FRAMES} of a figure"
        )


def _label(value):
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _control(name, values, index):
    numeric = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
    return (widgets.SelectionSlider if numeric else widgets.ToggleButtons)(
        options=[_label(v) for v in values],
        index=index,
        description=name.replace("_", " "),
        style={"description_width": "initial"},
        layout=widgets.Layout(width="min(100%, 36rem)" if numeric else "auto"),
    )


def _strip(first, parameters):
    """The first frame, then a few positions of the longest slider, the others as they stand."""
    sizes = [len(v) for v in parameters.values()]
    longest = sizes.index(max(sizes))
    n = min(STRIP, sizes[longest])
    picks = [round(k * (sizes[longest] - 1) / (n - 1)) for k in range(n)]
    return [first] + [(*first[:longest], i, *first[longest + 1 :]) for i in picks]


def _paste(pngs):
    """The first picture at full size above a row of the others."""
    first, *rest = (Image.open(io.BytesIO(p)) for p in pngs)
    width = first.width // len(rest)
    small = [p.resize((width, round(p.height * width / p.width)), Image.LANCZOS) for p in rest]
    sheet = Image.new("RGB", (first.width, first.height + max(p.height for p in small)), "white")
    sheet.paste(first, (0, 0))
    for i, picture in enumerate(small):
        sheet.paste(picture, (i * width, first.height))
    buffer = io.BytesIO()
    sheet.quantize(128).save(buffer, format="png", optimize=True)
    return buffer.getvalue()
