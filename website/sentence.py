"""What `lesson.sentence.show` is in a page: a box around the still figure, which a script fills.

The weights of each net are a file of their own, fetched when the box comes near the view. It is a
script, as the frames of a slider are, so that a page opened from a folder can load it too.
"""

import base64
import html
import json
from collections.abc import Callable

from lesson import nets
from lesson.sentence import LONGEST, NETS, SPELLED

from website import sliders


def script(name: str) -> str:
    """The file that holds the weights of the net called `name`, and what they are."""
    weights, meta = nets.binary(name)
    data = json.dumps({"meta": meta, "weights": base64.b64encode(weights).decode()})
    return f"{sliders.BEFORE}{data}{sliders.AFTER}"


def box(text: str, cursor: int, still: str, write: Callable[[str, str], str]) -> str:
    """The HTML of the figure.

    Args:
        text: what stands in the field at first.
        cursor: how much of it is read at first.
        still: the `<img>` that stands there before any script has run, without one and on paper.
        write: puts a text into a file with the given ending; returns its address from the page.
    """
    about = {
        "nets": {
            name: {"label": label, "file": write(script(name), ".js")}
            for name, label in NETS.items()
        },
        "spelled": SPELLED,
        "longest": LONGEST,
        "text": text,
        "cursor": cursor,
    }
    data = html.escape(json.dumps(about, ensure_ascii=False))
    return f'<div class="sentence" data-about="{data}">{still}</div>'
