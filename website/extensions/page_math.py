"""A Sphinx extension of the book: formulas are typeset when the book is built.

MathJax in a page is 1.2 MB that a phone works on for a second, and formulas that appear late push
the text about. Here it runs once, on the machine that builds; pages get its drawings, which grow
with the text, and MathML for those who listen.
"""

import html
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from website import letters
from website.extensions import connect

FORMULA = re.compile(
    r'(?P<open><(?P<tag>span|div)\b[^>]*\bclass="[^"]*\bmath\b[^"]*"[^>]*>'
    r'[^<]*?(?:<span class="eqno">.*?</span>)?)'
    r"\s*(?P<tex>\\\(.*?\\\)|\\\[.*?\\\]|\\begin\{.*?\})\s*</(?P=tag)>"
    r"(?P<after>[.,;:!?)\]’”]*)",  # no line ends between a formula and these
    re.S,
)
EX = re.compile(r"(-?[\d.]+)ex")
EM_AN_EX = 0.5  # an ex is another part of an em in each browser's font; so formulas come in em
WIDTH = re.compile(r'(?<=<svg style=")([^>]*? width="([\d.]+)em")')


def _tex(match: re.Match) -> tuple[str, bool]:
    """The formula as MathJax wants it, and whether it has a line of its own."""
    tex = html.unescape(match["tex"])
    return tex if tex.startswith(r"\begin") else tex[2:-2].strip(), match["tag"] == "div"


def _finish(app: Sphinx, exception) -> None:
    if exception or app.builder.name != "html":
        return
    pages = {p: p.read_text("utf-8") for p in sorted(Path(app.outdir).rglob("*.html"))}
    formulas = sorted({_tex(m) for text in pages.values() for m in FORMULA.finditer(text)})
    if not formulas:
        return
    made = dict(zip(formulas, _typeset(formulas), strict=True))
    for path, text in pages.items():
        shapes: dict[str, int] = {}

        def draw(match, shapes=shapes):
            svg, mathml = made[_tex(match)]
            svg = EX.sub(lambda ex: f"{EM_AN_EX * float(ex[1]):.3f}em", svg)
            tex = html.escape(_tex(match)[0])
            mathml = mathml.replace("<math ", f'<math alttext="{tex}" ', 1)
            svg = letters.share(svg, shapes).replace('role="img"', 'aria-hidden="true"')
            if match["tag"] == "div":  # shrinks a little to fit a phone; wider ones scroll
                svg = WIDTH.sub(lambda w: f"min-width: {0.8 * float(w[2]):.2f}em; {w[1]}", svg, 1)
            heard = f'<span class="visually-hidden">{mathml}</span>'
            formula, after = f"{match['open']}{svg}{heard}</{match['tag']}>", match["after"]
            return f'<span class="one-line">{formula}{after}</span>' if after else formula

        text, n_formulas = FORMULA.subn(draw, text)
        if n_formulas:
            drawn = letters.drawn(shapes)
            path.write_text(text.replace("</article>", f"{drawn}</article>", 1), "utf-8")


def _typeset(formulas: list[tuple[str, bool]]) -> list[list[str]]:
    """[SVG, MathML] of each formula."""
    node = shutil.which("node") or shutil.which("node", path=str(Path(sys.executable).parent))
    if node is None:
        raise ExtensionError(
            "Node.js, which typesets the formulas, is missing; `make book` gets it"
        )
    command = [node, str(Path(__file__).with_suffix(".mjs"))]
    data = json.dumps(formulas)
    done = subprocess.run(command, input=data, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ExtensionError(f"MathJax could not typeset the formulas:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout)


def setup(app: Sphinx) -> dict:
    connect(app, "build-finished", _finish)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
