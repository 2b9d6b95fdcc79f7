"""A matplotlib figure as a small, sharp `<img>` that carries its own alt text."""

import html
import io
import re
from urllib.parse import quote

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

# Figures are drawn on white and shown on white wherever nothing else is said (JupyterLab in dark
# mode, say); the book's own style sheet makes them transparent and inverts them in dark mode.
STYLE = "max-width:100%;height:auto;background:#fff"
PIXELS = 115  # an inch of figure on the page: the default width fills the text column
URL_SAFE = " ()*+,-./:;='@_~!$"  # what may stand unescaped in a data: URL inside double quotes


def svg(fig: Figure) -> str:
    """`fig` as a compact SVG document, the same bytes each time it is drawn."""
    buffer = io.StringIO()
    with plt.rc_context({"svg.hashsalt": "lesson"}):
        fig.savefig(
            buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None}
        )
    text = buffer.getvalue()
    text = re.sub(
        r"<\?xml.*?\?>|<!DOCTYPE.*?>|<metadata>.*?</metadata>|<!--.*?-->", "", text, flags=re.S
    )
    # Two decimals of a point are more than a screen shows, and half the bytes.
    text = re.sub(r' d="[^"]*"|translate\([^)]*\)', lambda m: _shorten(m[0]), text)
    return re.sub(r"\s*\n\s*", " ", text).strip()


def _shorten(path: str) -> str:
    return re.sub(r"-?\d+\.\d+", lambda m: f"{float(m[0]):.2f}".rstrip("0").rstrip("."), path)


def png(fig: Figure, dpi: int = 110) -> bytes:
    """`fig` as a PNG on white, for places that show no HTML (the PDF, GitHub)."""
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png", dpi=dpi, facecolor="white")
    return buffer.getvalue()


def img(fig: Figure, alt: str) -> str:
    """An HTML `<img>` of `fig`; its alt text says what is seen.

    Raises:
        ValueError: `alt` is empty.
    """
    if not alt.strip():
        raise ValueError("every figure needs alt text that says what is seen in it")
    width, height = (round(inches * PIXELS) for inches in fig.get_size_inches())
    src = "data:image/svg+xml," + quote(svg(fig).replace('"', "'"), safe=URL_SAFE)
    return (
        f'<img class="lesson-figure" width="{width}" height="{height}" style="{STYLE}" '
        f'alt="{html.escape(alt)}" src="{src}">'
    )
