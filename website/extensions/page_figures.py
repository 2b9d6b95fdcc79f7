"""A Sphinx extension of the book: figures become files, and what `explore` returns plain HTML.

A page has to show its text before its pictures. So every figure of a page is a file of its own,
which the browser fetches when it comes near the view, and the frames of a slider are one more file,
fetched by `course.js` in the same way; `website/sliders.py` says how both are written.
"""

import hashlib
import html
import itertools
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from website import sentence, sliders
from website.extensions import connect
from website.extensions.page_order import numbers
from website.sliders import Control, Frame, Slider

STATE = "application/vnd.jupyter.widget-state+json"
VIEW = re.compile(r'<script type="application/vnd\.jupyter\.widget-view\+json">(.*?)</script>')
FIGURE = re.compile(r'<img class="lesson-figure"[^>]*?src="(data:image/svg\+xml,[^"]*)"[^>]*>')
SHOWN = re.compile(f"{VIEW.pattern}|{FIGURE.pattern}")
DATA = "data:image/svg+xml,"


class Page:
    """The folder of one page's figures, filled while its HTML is rewritten."""

    def __init__(self, outdir: Path, name: str):
        self.folder = outdir / "_static" / "figures" / name
        self.up = "../" * name.count("/")
        self.name = name
        self.chapter = numbers().get(name)
        self.count = itertools.count(1)
        shutil.rmtree(self.folder, ignore_errors=True)

    def write(self, text: str, suffix: str) -> str:
        """Write `text` and return its address as seen from the page; the name tells the version."""
        self.folder.mkdir(parents=True, exist_ok=True)
        number = sum(1 for _ in self.folder.iterdir()) + 1
        digest = hashlib.sha256(text.encode()).hexdigest()[:8]
        path = self.folder / f"{number:02}-{digest}{suffix}"
        path.write_text(text, encoding="utf-8")
        return f"{self.up}_static/figures/{self.name}/{path.name}"

    def figure(self, img: str) -> str:
        """`img` with its picture moved into a file; width and height keep its place."""
        # what is seen first shall not wait, the rest shall come when it is near
        late = "" if self.chapter is None else 'loading="lazy" decoding="async" '
        return FIGURE.sub(
            lambda m: (
                m[0]
                .replace(m[1], self.write(unquote(m[1].removeprefix(DATA)), ".svg"))
                .replace("<img ", f"<img {late}", 1)
            ),
            img,
        )

    def numbered(self, shown: str) -> str:
        """A chapter's figure with its number, its address, and a button that saves it."""
        if self.chapter is None:
            return shown
        count = next(self.count)
        name, number = f"fig-{self.chapter}-{count}", f"Figure {self.chapter}.{count}"
        return (
            f'<figure class="numbered" id="{name}">{shown}<figcaption>'
            f'<a href="#{name}">{number}</a> <button type="button" class="figure-save pst-js-only" '
            f'aria-label="Save as PNG: {number}">Save as PNG</button></figcaption></figure>'
        )

    def explorable(self, models: dict, root: str, number: int) -> str:
        """The HTML of one `explore`, from the state of its widgets."""
        model = models[root]
        classes = model.get("_dom_classes", [])
        if "sentence" in classes:
            return self.sentence(models, model)
        if "explore" not in classes:
            raise ExtensionError(
                f"{self.name}: a {model['_model_name']} cannot be shown; pages have no kernel and "
                "no widget manager, so let lesson.explore draw it"
            )
        *rows, stack = _children(models, model)
        images = list(_images(models, stack))
        slider = Slider([_control(row) for row in rows], [_frame(img) for img in images])
        shown = list(slider.at).index(slider.start)
        file = self.write(sliders.script(slider.frames), ".js")
        return sliders.box(slider, file, self.figure(images[shown]), f"explore-{number}")

    def sentence(self, models: dict, model: dict) -> str:
        """The HTML of `lesson.sentence.show`, from the state of its widgets."""
        field, cursor, _, picture, *_ = _children(models, model)
        still = self.figure(picture["value"])
        return sentence.box(field["value"], cursor["value"], still, self.write)


def _children(models: dict, model: dict) -> list[dict]:
    return [models[key.removeprefix("IPY_MODEL_")] for key in model["children"]]


def _images(models: dict, model: dict) -> Iterator[str]:
    """The `<img>` of each frame, the last control's values varying fastest."""
    if "children" not in model:
        yield model["value"]
        return
    for child in _children(models, model):
        yield from _images(models, child)


def _frame(img: str) -> Frame:
    alt, picture = re.search(r'alt="([^"]*)"', img), FIGURE.match(img)
    assert alt and picture, "what a frame of `explore` always is"
    return Frame(html.unescape(alt[1]), unquote(picture[1].removeprefix(DATA)))


def _control(model: dict) -> Control:
    """One control, from the state of its widget."""
    is_range = model["_model_name"] == "SelectionSliderModel"
    return Control(model["description"], model["_options_labels"], model["index"], is_range)


def _rewrite(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    if app.builder.name != "html" or "body" not in context:
        return
    page = Page(Path(app.outdir), pagename)
    state = next(
        (s for s in context["script_files"] if getattr(s, "attributes", {}).get("type") == STATE),
        None,
    )
    models: dict = {}
    if state:
        models = {k: m["state"] for k, m in json.loads(state.attributes["body"])["state"].items()}
        context["script_files"] = [s for s in context["script_files"] if s is not state]
    boxes = itertools.count(1)

    def show(match: re.Match) -> str:
        if match[1]:
            root = json.loads(match[1])["model_id"]
            return page.numbered(page.explorable(models, root, next(boxes)))
        return page.numbered(page.figure(match[0]))

    context["body"] = SHOWN.sub(show, context["body"])


def setup(app: Sphinx) -> dict:
    connect(app, "html-page-context", _rewrite)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
