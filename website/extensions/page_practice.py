"""A Sphinx extension of the book: exercises are solved in the page.

Below each answer cell stands an empty place, which `practice/practice.js` fills once the page is
there. The editor and Python come when they are asked for. Without Python for the page (see
`website/pyodide.py`) the book is built all the same, and the page says where to go instead.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util import logging

import course
from course import ROOT
from website import figure_data, pyodide
from website.extensions import connect

HERE = ROOT / "website" / "practice"
PLAIN = ("practice.js", "practice.css", "memory.js", "worker.js", "runner.py", "figures.py")
PACKED = re.compile(r"[A-Za-z0-9+/=]{300,}")  # base64
log = logging.getLogger(__name__)


def _places(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Empty places: below each answer cell, below the link to the notebook, at the end."""
    if app.builder.format != "html":
        return
    if docname == app.config.root_doc or docname.startswith("exercises/"):
        memory = '<details class="course-memory" hidden></details>'
        doctree.children[0] += nodes.raw("", memory, format="html")
    if not docname.startswith("exercises/"):
        return
    for block in doctree.findall(nodes.literal_block):
        _shorten(block)
    for cell in list(doctree.findall(nodes.container)):
        about = cell.get("cell_metadata", {}).get("nbgrader", {})
        if cell.get("nb_element") == "cell_code" and about.get("solution"):
            cell["classes"].append("practice-answer")
            place = f'<div class="practice" data-function="{about["grade_id"]}" hidden></div>'
            _after(cell, place)
    title = next(doctree.findall(nodes.title))
    _after(title, '<div class="practice-notebook" hidden></div>')


def _shorten(block: nodes.literal_block) -> None:
    """Leave out what nobody reads and every page would carry: packed data, as in `checks`."""
    text = PACKED.sub("…", block.rawsource)
    if text != block.rawsource:
        block.rawsource = text
        block.children = [nodes.Text(text)]
        block.children[0].parent = block


def _after(node: nodes.Node, text: str) -> None:
    node.parent.insert(node.parent.index(node) + 1, nodes.raw("", text, format="html"))


def _scripts(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    if app.builder.name != "html":
        return
    if 'class="practice"' in context.get("body", ""):
        python = {"data-python": context["practice_python"]}
        app.add_js_file("practice/practice.js", priority=900, **python)  # after memory.js


def _files(app: Sphinx) -> None:
    """Scripts, editor and Python, into the built site; the log says why Python is wanting."""
    app.config.html_context["practice_python"] = ""
    if app.builder.name != "html":
        return
    folder = Path(app.outdir) / "_static" / "practice"
    folder.mkdir(parents=True, exist_ok=True)
    for name in PLAIN:
        shutil.copyfile(HERE / name, folder / name)
    figure_data.write(folder)
    _bundle(HERE / "editor.js", folder / "editor.js")
    try:
        files = pyodide.copy_to(folder / "python")
    except pyodide.NoPython as error:
        log.info("Exercises cannot be solved in the page: %s", error)
        shutil.rmtree(folder / "python", ignore_errors=True)
        return
    app.config.html_context["practice_python"] = f"{files['sent'] / 1e6:.1f}"


def _bundle(source: Path, target: Path) -> None:
    """`source` and all that it imports, as one module."""
    node = os.environ | {"PATH": f"{os.environ['PATH']}{os.pathsep}{Path(sys.executable).parent}"}
    esbuild = ROOT / "node_modules" / ".bin" / "esbuild"
    command = [str(esbuild), str(source), f"--outfile={target}"]
    command += ["--bundle", "--format=esm", "--minify", "--legal-comments=none"]
    command += ["--log-level=warning"]
    done = subprocess.run(command, env=node, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ExtensionError(f"{source.name} could not be bundled:\n{done.stderr}")


def _offline(app: Sphinx, exception: Exception | None) -> None:
    """The service worker, at the root of what it serves, and the list of what it keeps."""
    if exception or app.builder.name != "html":
        return
    out = Path(app.outdir)
    shutil.copyfile(HERE / "offline.js", out / "offline.js")
    files = [path for path in sorted(out.rglob("*")) if path.is_file() and _is_kept(path, out)]
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.read_bytes())
    about = {
        "version": f"{course.edition()[0]}-{digest.hexdigest()[:12]}",
        "megabytes": round(sum(path.stat().st_size for path in files) / 1e6),
        "names": [path.relative_to(out).as_posix() for path in files],
    }
    target = out / "_static" / "practice" / "offline.json"
    target.write_text(json.dumps(about), "utf-8")


def _is_kept(path: Path, out: Path) -> bool:
    """Whether a reader needs this file: no sources but the exercises', no paper, no previews."""
    place = path.relative_to(out).as_posix()
    if place.startswith("_sources/"):
        return place.startswith("_sources/exercises/") and path.suffix == ".ipynb"
    left_out = (".pdf", ".epub", ".map", ".inv", ".buildinfo", "offline.json")
    return not place.endswith(left_out) and not place.startswith(("_static/cards/", "."))


def setup(app: Sphinx) -> dict:
    connect(app, "builder-inited", _files)
    connect(app, "doctree-resolved", _places)
    connect(app, "html-page-context", _scripts)
    connect(app, "build-finished", _offline)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
