"""A Sphinx extension of the book: exercises are solved in the page.

Below each answer cell stands an empty place, which `practice/practice.js` fills once the page is
there. The editor and Python come when they are asked for. Without Python for the page (see
`website/pyodide.py`) the book is built all the same, and the page says where to go instead.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util import logging

from course import ROOT
from website import pyodide

HERE = ROOT / "website" / "practice"
PLAIN = ("practice.js", "practice.css", "memory.js", "worker.js", "runner.py")
log = logging.getLogger(__name__)


def _places(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """An empty place below each answer cell, and one below the link to the notebook."""
    if not docname.startswith("exercises/") or app.builder.format != "html":
        return
    for cell in list(doctree.findall(nodes.container)):
        about = cell.get("cell_metadata", {}).get("nbgrader", {})
        if cell.get("nb_element") == "cell_code" and about.get("solution"):
            cell["classes"].append("practice-answer")
            place = f'<div class="practice" data-function="{about["grade_id"]}" hidden></div>'
            _after(cell, place)
    title = next(doctree.findall(nodes.title))
    _after(title, '<div class="practice-notebook" hidden></div>')


def _after(node: nodes.Node, text: str) -> None:
    node.parent.insert(node.parent.index(node) + 1, nodes.raw("", text, format="html"))


def _scripts(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    if app.builder.name != "html":
        return
    if 'class="practice"' in context.get("body", ""):
        app.add_js_file("practice/practice.js", **{"data-python": app.env.practice_python})


def _files(app: Sphinx) -> None:
    """Scripts, editor and Python, into the built site; where Python is wanting, the log says why."""
    app.env.practice_python = ""
    if app.builder.name != "html":
        return
    folder = Path(app.outdir) / "_static" / "practice"
    folder.mkdir(parents=True, exist_ok=True)
    for name in PLAIN:
        shutil.copyfile(HERE / name, folder / name)
    _bundle(HERE / "editor.js", folder / "editor.js")
    try:
        files = pyodide.copy_to(folder / "python")
    except pyodide.NoPython as error:
        log.info("Exercises cannot be solved in the page: %s", error)
        shutil.rmtree(folder / "python", ignore_errors=True)
        return
    app.env.practice_python = f"{files['sent'] / 1e6:.1f}"


def _bundle(source: Path, target: Path) -> None:
    """`source` and all that it imports, as one module."""
    node = os.environ | {"PATH": f"{os.environ['PATH']}{os.pathsep}{Path(sys.executable).parent}"}
    command = [ROOT / "node_modules" / ".bin" / "esbuild", source, f"--outfile={target}"]
    command += ["--bundle", "--format=esm", "--minify", "--legal-comments=none"]
    command += ["--log-level=warning"]
    done = subprocess.run(command, env=node, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ExtensionError(f"{source.name} could not be bundled:\n{done.stderr}")


def setup(app: Sphinx) -> dict:
    app.connect("builder-inited", _files)
    app.connect("doctree-resolved", _places)
    app.connect("html-page-context", _scripts)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
