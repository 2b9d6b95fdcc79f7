"""A Sphinx extension of the book: one style sheet, of the rules that some page uses.

The theme and its extensions bring ten style sheets, half a megabyte that a page waits for before it
shows a word. Here they become one file, without the rules for classes that occur in no page and no
script of the site, and with the icons that those pages use out of the theme's icon font.
"""

import base64
import hashlib
import io
import logging
import posixpath
import re
from pathlib import Path

import tinycss2
from fontTools import subset
from fontTools.ttLib import TTFont
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from website.extensions import connect

LINK = re.compile(r'[ \t]*<link\b[^>]*rel="stylesheet"[^>]*>\n?')
HREF = re.compile(r'href="([^"?]*?)_static/([^"?]*)')
SCRIPT = re.compile(r'<script\b[^>]*src="[^"]*?_static/([^"?]*)')
UNUSED = ("sphinx-thebe.css",)  # live code, see page_scripts.py
OURS = "book.css"
ICONS = {"Font Awesome 6 Free": "fa-solid-900", "Font Awesome 6 Brands": "fa-brands-400"}
# The theme's "everything after the title" makes a browser look from each word of a code cell
# through all words before it. A box's title comes first, so this means the same.
SLOW, FAST = (
    re.compile(r"\.admonition p\.admonition-title ?~ ?\*$"),
    ".admonition:not(details) > :not(p.admonition-title)",
)
LICENCE = (
    "/* Icons: Font Awesome Free 6 by @fontawesome, https://fontawesome.com/license/free "
    "(icons CC BY 4.0, font SIL OFL 1.1), those that this book uses. */\n"
)


def _finish(app: Sphinx, exception) -> None:
    if exception or app.builder.name != "html":
        return
    static = Path(app.outdir) / "_static"
    for template in static.glob("*.html"):  # the theme leaves its own among its files
        template.unlink()
    pages = {path: path.read_text("utf-8") for path in Path(app.outdir).rglob("*.html")}
    sheets = [
        m[2] for m in HREF.finditer("".join(LINK.findall(pages[static.parent / "search.html"])))
    ]
    if OURS in sheets:
        return  # no page was written
    words = set(re.findall(r"[\w-]+", " ".join(pages.values())))
    for script in set(SCRIPT.findall(" ".join(pages.values()))):
        words |= set(re.findall(r"[\w-]+", (static / script).read_text("utf-8")))
    css = "".join(_read(static, name, words) for name in sheets if name not in UNUSED)
    css = '@charset "utf-8";\n' + LICENCE + _icons(static, css) + css
    (static / OURS).write_text(css, "utf-8")
    version = hashlib.sha256(css.encode()).hexdigest()[:8]
    for path, text in pages.items():
        up = HREF.search("".join(LINK.findall(text)))
        if not up:
            continue
        link = f'<link rel="stylesheet" href="{up[1]}_static/{OURS}?v={version}"/>\n'
        head, rest = LINK.split(text, maxsplit=1)
        path.write_text(head + link + LINK.sub("", rest), "utf-8")


def _read(static: Path, name: str, words: set[str]) -> str:
    """The used rules of one sheet, its imports in place, its addresses as seen from `static`."""
    folder = posixpath.dirname(name)
    text = (static / name).read_text("utf-8")

    def address(match):
        return f"url({match[1]}{posixpath.normpath(posixpath.join(folder, match[2]))}"

    text = re.sub(r"""url\((["']?)(?!data:|#|["'])([^"')]+)""", address, text)
    out = []
    for rule in tinycss2.parse_stylesheet(text, skip_comments=True, skip_whitespace=True):
        if rule.type == "at-rule" and rule.lower_at_keyword == "import":
            imported = next(t.value for t in rule.prelude if t.type in ("string", "url"))
            out.append(_read(static, posixpath.normpath(posixpath.join(folder, imported)), words))
        else:
            out.append(_used(rule, words))
    return "".join(out)


def _used(rule, words: set[str]) -> str:
    """The rule without the selectors that fit nothing; empty when none is left."""
    if rule.type == "qualified-rule":
        body = tinycss2.serialize(rule.content).strip()
        kept = [SLOW.sub(FAST, s) for s in _selectors(rule.prelude) if _fits(s, words)]
        return f"{','.join(kept)}{{{body}}}\n" if kept and body else ""
    if rule.type != "at-rule" or rule.lower_at_keyword == "charset":
        return ""
    if rule.lower_at_keyword in ("media", "supports") and rule.content:
        inner = tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True)
        text = "".join(_used(r, words) for r in inner)
        return f"@{rule.at_keyword}{tinycss2.serialize(rule.prelude)}{{{text}}}\n" if text else ""
    text = rule.serialize()
    return "" if "/fontawesome/" in text else text + "\n"


def _selectors(prelude: list) -> list[str]:
    parts: list[list] = [[]]
    for token in prelude:
        if token.type == "literal" and token.value == ",":
            parts.append([])
        else:
            parts[-1].append(token)
    return [re.sub(r"\s+", " ", tinycss2.serialize(part)).strip() for part in parts]


def _fits(selector: str, words: set[str]) -> bool:
    """Whether all classes and ids that the selector asks for occur somewhere."""
    plain = re.sub(r"\[[^\]]*\]", "", selector)
    while re.search(r":[\w-]+\([^()]*\)", plain):
        plain = re.sub(r":[\w-]+\([^()]*\)", "", plain)
    names = re.findall(r"[.#]((?:[\w-]|\\.)+)", plain)
    return all(name.replace("\\", "") in words for name in names)


def _font(static: Path, name: str) -> Path:
    """The icon font `name` as the theme ships it; older ones have TrueType, newer ones only WOFF2.

    Raises:
        ExtensionError: the theme has no such font.
    """
    found = sorted((static / "vendor" / "fontawesome" / "webfonts").glob(f"{name}.*"))
    for path in found:
        if path.suffix in (".ttf", ".woff2"):
            return path
    raise ExtensionError(f"the theme has no icon font {name} as .ttf or .woff2, but {found}")


def _icons(static: Path, css: str) -> str:
    """The icon fonts, of the signs that `css` names."""
    logging.getLogger("fontTools").setLevel(logging.WARNING)  # it tells of every table
    signs = {ord(sign) for sign in css if "\ue000" <= sign <= "\uf8ff"}
    faces = []
    for family, file in ICONS.items():
        font = TTFont(_font(static, file), recalcTimestamp=False)  # the same bytes each time
        options = subset.Options(layout_features=[], notdef_outline=False, flavor="woff")
        cut = subset.Subsetter(options)
        cut.populate(unicodes=signs)
        cut.subset(font)
        font.flavor = "woff"
        buffer = io.BytesIO()
        font.save(buffer)
        data = base64.b64encode(buffer.getvalue()).decode()
        weight = file.rpartition("-")[2]
        faces.append(
            f'@font-face{{font-family:"{family}";font-weight:{weight};font-display:block;'
            f"src:url(data:font/woff;base64,{data})}}\n"
        )
    return "".join(faces)


def setup(app: Sphinx) -> dict:
    connect(app, "build-finished", _finish)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
