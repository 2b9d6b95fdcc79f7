"""A Sphinx extension of the book: pages that work under a strict content-security policy.

A host that forbids inline scripts and other hosts (`script-src 'self' 'wasm-unsafe-eval'`) breaks
pages of the theme. Here each inline script becomes a file, in its place, and what the theme's
buttons do on a click is said in `course.js`.
"""

import hashlib
import re
from pathlib import Path

from sphinx.application import Sphinx

from website.extensions import connect

INLINE = re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*\btype=)[^>]*>(.*?)</script>\s*", re.S)
UP = re.compile(
    r'<(?:script|link)\b[^>]*?(?:src|href)="([^"]*?)_static/'
)  # as the page itself says it
CLICK = re.compile(r'\bonclick="([^"]*)"')


def _finish(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.name != "html":
        return
    out = Path(app.outdir)
    static = out / "_static"
    for path in out.rglob("*.html"):
        if static in path.parents:
            continue
        text = path.read_text("utf-8")
        address = UP.search(text)
        if address is None:
            continue  # a page that only leads on
        up = address[1]
        head, end, body = text.partition("</head>")
        # Those of the head become one: all else that the head loads is deferred.
        found = list(INLINE.finditer(head))
        if found:
            link = _link(static, up, "\n".join(m[1].strip() for m in found))
            start = found[0].start()
            head = head[:start] + link + INLINE.sub("", head[start:])
        for match in INLINE.finditer(body):
            body = body.replace(match[0], _link(static, up, match[1].strip()))
        changed = CLICK.sub(r'data-click="\1"', f"{head}{end}{body}")
        if changed != text:
            path.write_text(changed, "utf-8")


def _link(static: Path, up: str, script: str) -> str:
    """Write `script` into a file named by what is in it; what loads it there and then."""
    name = f"inline-{hashlib.sha256(script.encode()).hexdigest()[:8]}.js"
    (static / "scripts").mkdir(exist_ok=True)
    (static / "scripts" / name).write_text(script + "\n", "utf-8")
    return f'<script src="{up}_static/scripts/{name}"></script>\n'


def setup(app: Sphinx) -> dict:
    connect(app, "build-finished", _finish)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
