"""What learners wrote, made harmless for whoever reads it: in a browser, or in a spreadsheet.

A grader's browser is logged in to nbgrader. A script in an essay that runs there can give itself
any mark, so there are several walls, each of which is enough by itself:

- `markdown` goes over the source of a learner's Markdown before the graded copy is written. What
  it leaves cannot act in whatever shows the copy: formgrader, JupyterLab, or plain `nbconvert`.
- In every page that nbgrader makes (pages.py) the HTML that comes out of Markdown is cleaned again,
  by nh3, and outputs are text or pictures.
- Those pages carry a Content-Security-Policy that names the scripts of nbgrader and of MathJax, and
  no others.
"""

import base64
import html
import re
from collections.abc import Collection
from typing import Any
from urllib.parse import unquote

PICTURES = {
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/gif": (b"GIF87a", b"GIF89a"),
    "image/webp": (b"RIFF",),
}
_TEXT = "abbr b br code del em i ins kbd mark q s samp small span strike strong sub sup tt u var"
_BLOCKS = "blockquote center dd details div dl dt h1 h2 h3 h4 h5 h6 hr li ol p pre summary ul"
_TABLES = "caption table tbody td tfoot th thead tr"
TAGS = {"a", "img", *_TEXT.split(), *_BLOCKS.split(), *_TABLES.split()}
SPANS = {"td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}}
OWN_DATA = r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+"
LINK = re.compile(r"(?:https?://|mailto:)[^\s\"'<>\\`]+", re.I)


# ---- Markdown, as it is written ------------------------------------------------------------------
# A whole tag, none of whose values holds an angle bracket
TAG = re.compile(
    r"""<(/?)([a-z][a-z0-9]*)((?:\s+[a-z-]+(?:\s*=\s*(?:"[^"<>]*"|'[^'<>]*'|[^\s"'<>=`]+))?)*)"""
    r"""\s*/?>""",
    re.I,
)
ATTRIBUTE = re.compile(r"""([a-z-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|(\S+)))?""", re.I)
AUTOLINK = re.compile(r"<((?:https?://|mailto:)[^\s<>\"'\\`]+)>", re.I)
OPENS = re.compile(r"<(?=[a-z/!?])", re.I)
# `![…](…)` whose picture is in the notebook itself
OWN_PICTURE = re.compile(
    rf"!\[[^\[\]]*\]\(\s*(?:attachment:([^<>()\"\n]+?)|{OWN_DATA})\s*(?:\"[^\"\n]*\"\s*)?\)"
)
SCRIPT = re.compile(r"(java|vb)script:|data:(?!image/(png|jpeg|gif|webp);base64,)[a-z]+/", re.I)
SPELT_OUT = re.compile(r"((?:java|vb)script|data)(?=:)", re.I)
# commands of MathJax that make links, load what is not loaded, or style other parts of the page
MATH = re.compile(r"\\(?=(href|url|require|class|cssId|style|unicode|data|mmlToken|bbox)(?![a-z]))")


def markdown(source: str, pictures: Collection[str] = ()) -> str:
    """A learner's Markdown, of which nothing can act in the browser of whoever reads it.

    Plain formatting, tables, formulas, links to the web and pictures in the notebook stay. Of HTML
    the tags in `TAGS` stay, without attributes but for a link's address and a picture's own data;
    every other `<` that could open a tag gets a space after it, which no reader of Markdown or of
    HTML takes for a tag. A picture elsewhere becomes a link to it: loading it would tell somebody
    who looks at which essay, and could be any request at all. `pictures` names those attached.
    """
    shown = AUTOLINK.sub(r"\1", source)
    shown = TAG.sub(_tag, shown)
    shown = OPENS.sub(_defused(shown), shown)
    shown = re.sub(r"(\\*)!(?=\[)", _bang(shown, pictures), shown)
    shown = without_commands(shown)
    if SCRIPT.search(_as_a_browser_reads(shown)):
        shown = SPELT_OUT.sub(r"\1 ", shown)
    if SCRIPT.search(_as_a_browser_reads(shown)):  # it was written so as not to be seen
        return as_text(shown)
    return shown


def without_commands(source: str) -> str:
    """Text whose formulas give MathJax no command that acts: a word joiner in it makes it text."""
    return MATH.sub("\\\\\u2060", source)


def as_text(source: str) -> str:
    """Markdown that shows the source as it is: nothing in it can act."""
    lines = source.splitlines()
    if all(line.startswith("    ") for line in lines if line):
        return source
    return "\n\n" + "\n".join(f"    {line}" for line in lines)


def _tag(match: re.Match) -> str:
    """A tag of HTML as far as it is harmless: its name, and what little it may say."""
    closes, name, rest = match[1], match[2].lower(), match[3]
    if name not in TAGS:
        return match[0]
    if closes:
        return f"</{name}>"
    said: dict[str, str] = {}
    for key, *values in ATTRIBUTE.findall(rest):
        said.setdefault(key.lower(), html.unescape("".join(values)).strip())
    link = said.get("href", "")
    if name == "a" and LINK.fullmatch(link):
        return f'<a href="{html.escape(link)}">'
    if name == "img":
        return _picture(said)
    kept = [f' {k}="{v}"' for k, v in said.items() if k in SPANS.get(name, ()) and v.isdecimal()]
    return f"<{name}{''.join(kept)}>"


def _picture(said: dict[str, str]) -> str:
    source, text = said.get("src", ""), re.sub(r"[<>\[\]`]", "", said.get("alt", ""))
    if LINK.fullmatch(source):
        return f'<a href="{html.escape(source)}">{html.escape(text) or "a picture"}</a>'
    if not re.fullmatch(rf"{OWN_DATA}|attachment:[\w. %()-]+", source):
        return html.escape(text)
    kept = {"src": source, "alt": text}
    kept |= {k: said[k] for k in ("width", "height") if re.fullmatch(r"\d+%?", said.get(k, ""))}
    return "<img" + "".join(f' {k}="{html.escape(v)}"' for k, v in kept.items()) + ">"


def _defused(source: str) -> Any:
    """What `<` becomes: itself where a tag begins that `_tag` made, else with a space."""
    made = {m.start() for m in TAG.finditer(source) if _tag(m) == m[0] and m[2].lower() in TAGS}
    return lambda match: "<" if match.start() in made else "< "


def _bang(source: str, pictures: Collection[str]) -> Any:
    """What the `!` of `![` becomes: itself where the picture is in the notebook, else nothing."""
    matches = OWN_PICTURE.finditer(source)
    own = {m.start() for m in matches if m[1] is None or unquote(m[1]) in pictures}

    def keep(match: re.Match) -> str:
        escaped = len(match[1]) % 2 == 1
        return match[0] if escaped or match.end(1) in own else match[1]

    return keep


def _as_a_browser_reads(source: str) -> str:
    return re.sub(r"[\\\x00-\x1f\u200b\u2060]", "", html.unescape(html.unescape(source)))


def attachments(given: Any, most: int = 5 << 20) -> dict[str, dict[str, str]]:
    """Of a cell's attachments those that are pictures, `most` characters in all."""
    kept: dict[str, dict[str, str]] = {}
    for name, forms in given.items() if isinstance(given, dict) else ():
        for kind, data in forms.items() if isinstance(forms, dict) else ():
            data = "".join(data) if isinstance(data, list) else data
            if is_picture(kind, data) and len(data) <= most:
                kept[str(name)[:200]] = {kind: "".join(data.split())}
                most -= len(data)
                break
    return kept


def not_kept(given: Any, kept: Collection[str]) -> list[str]:
    """The names of a cell's attachments that `attachments` did not keep."""
    names = [str(name)[:200] for name in given] if isinstance(given, dict) else []
    return [name for name in names if name not in kept]


def is_picture(kind: str, data: Any) -> bool:
    """Whether this is base64 of a picture of that kind, and of no other."""
    if kind not in PICTURES or not isinstance(data, str):
        return False
    try:
        content = base64.b64decode("".join(data.split()), validate=True)
    except ValueError:
        return False
    return content.startswith(PICTURES[kind])


# ---- lists --------------------------------------------------------------------------------------
def field(text: str) -> str:
    """A field of a CSV file that no spreadsheet takes for a formula."""
    return f"'{text}" if text.lstrip()[:1] in tuple("=+-@\t\r") and text.strip() else text
