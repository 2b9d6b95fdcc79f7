"""A Sphinx extension of the book: figures become files, and what `explore` returns plain HTML.

A page has to show its text before its pictures. So every figure of a page is a file of its own,
which the browser fetches when it comes near the view, and the frames of a slider are one more file,
fetched by `course.js` in the same way. They are scripts rather than JSON, because a page opened
from a folder may load scripts but nothing else. The first frame stands in the page itself: it
shows before any script has run, and without one.
"""

import hashlib
import html
import itertools
import json
import re
import shutil
from pathlib import Path
from urllib.parse import unquote

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

STATE = "application/vnd.jupyter.widget-state+json"
VIEW = re.compile(r'<script type="application/vnd\.jupyter\.widget-view\+json">(.*?)</script>')
FIGURE = re.compile(r'<img class="lesson-figure"[^>]*?src="(data:image/svg\+xml,[^"]*)"[^>]*>')
DATA = "data:image/svg+xml,"
GLYPH = re.compile(r"<path id='([\w-]+)' d='[^']*' transform='scale\([\d.]+\)'/>")


class Page:
    """The folder of one page's figures, filled while its HTML is rewritten."""

    def __init__(self, outdir: Path, name: str):
        self.folder = outdir / "_static" / "figures" / name
        self.up = "../" * name.count("/")
        self.name = name
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
        return FIGURE.sub(
            lambda m: (
                m[0]
                .replace(m[1], self.write(unquote(m[1].removeprefix(DATA)), ".svg"))
                .replace("<img ", '<img loading="lazy" decoding="async" ', 1)
            ),
            img,
        )

    def explorable(self, models: dict, root: str, number: int) -> str:
        """The HTML of one `explore`, from the state of its widgets."""
        model = models[root]
        if "explore" not in model.get("_dom_classes", []):
            raise ExtensionError(
                f"{self.name}: a {model['_model_name']} cannot be shown; pages have no kernel and "
                "no widget manager, so let lesson.explore draw it"
            )
        *controls, stack = (models[key.removeprefix("IPY_MODEL_")] for key in model["children"])
        images = list(_images(models, stack))
        sizes = [len(control["_options_labels"]) for control in controls]
        first = [control["index"] for control in controls]
        shown = list(itertools.product(*map(range, sizes))).index(tuple(first))
        file = self.write(_frames(images), ".js")
        rows = (_control(c, f"explore-{number}-{i}") for i, c in enumerate(controls))
        return (
            f'<div class="explore" data-frames="{file}">\n'
            f"{''.join(rows)}{self.figure(images[shown])}\n"
            '<div class="visually-hidden" aria-live="polite"></div></div>'
        )


def _images(models: dict, model: dict):
    """The `<img>` of each frame, the last control's values varying fastest."""
    if "children" not in model:
        yield model["value"]
    for key in model.get("children", []):
        yield from _images(models, models[key.removeprefix("IPY_MODEL_")])


def _frames(images: list[str]) -> str:
    """A script that hangs its frames, [alt, SVG] each, and the letters' shapes on its element."""
    glyphs = {}

    def shape(match):
        glyphs[match[1]] = match[0]
        return f"<path id='{match[1]}'/>"

    frames = []
    for img in images:
        alt = html.unescape(re.search(r'alt="([^"]*)"', img)[1])
        frames.append([alt, GLYPH.sub(shape, unquote(FIGURE.match(img)[1].removeprefix(DATA)))])
    data = json.dumps({"glyphs": glyphs, "frames": frames}, ensure_ascii=False)
    return f"document.currentScript.data = {data};\n"


def _control(control: dict, name: str) -> str:
    label, labels = html.escape(control["description"]), control["_options_labels"]
    if control["_model_name"] == "SelectionSliderModel":
        value = html.escape(labels[control["index"]])
        return (
            f'<div class="explore-control pst-js-only"><label for="{name}">{label}</label>'
            f'<input type="range" id="{name}" min="0" max="{len(labels) - 1}" '
            f'value="{control["index"]}" autocomplete="off" aria-valuetext="{value}" '
            f'data-labels="{html.escape(json.dumps(labels, ensure_ascii=False))}">'
            f'<output for="{name}" aria-hidden="true">{value}</output></div>\n'
        )
    buttons = (
        f'<button type="button" aria-pressed="{str(i == control["index"]).lower()}">'
        f"{html.escape(text)}</button>"
        for i, text in enumerate(labels)
    )
    return (
        f'<div class="explore-control pst-js-only" role="group" aria-labelledby="{name}">'
        f'<span id="{name}">{label}</span>{"".join(buttons)}</div>\n'
    )


def _rewrite(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    if app.builder.name != "html" or "body" not in context:
        return
    page = Page(Path(app.outdir), pagename)
    state = next(
        (s for s in context["script_files"] if getattr(s, "attributes", {}).get("type") == STATE),
        None,
    )
    body = context["body"]
    if state:
        models = {k: m["state"] for k, m in json.loads(state.attributes["body"])["state"].items()}
        numbers = itertools.count(1)
        body = VIEW.sub(
            lambda m: page.explorable(models, json.loads(m[1])["model_id"], next(numbers)), body
        )
        context["script_files"] = [s for s in context["script_files"] if s is not state]
    context["body"] = page.figure(body)


def setup(app: Sphinx) -> dict:
    app.connect("html-page-context", _rewrite, priority=800)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
