"""What the built pages hold, read as tests of several files need it."""

import itertools
import json
import re
from html import unescape

from course import SITE

BOX = re.compile(r'<div class="explore" data-frames="(.*?)">(.*?)aria-live', re.S)
ROW = re.compile(r'<div class="explore-control.*?</div>', re.S)


def frames_file(path) -> dict:
    """What one file of frames hangs on its own script element."""
    text = path.read_text("utf-8")
    return json.loads(text.removeprefix("document.currentScript.data = ").removesuffix(";\n"))


def explorables(page: str) -> list[dict]:
    """What each `explore` of a page should show: its controls' labels and its frames' alt texts."""
    path = SITE / page
    found = []
    for file, inside in BOX.findall(path.read_text("utf-8")):
        labels, start = [], []
        for row in ROW.findall(inside):
            if slider := re.search(r"data-labels=\"(.*?)\"", row):
                labels.append(json.loads(unescape(slider[1])))
                start.append(int(re.search(r' value="(\d+)"', row)[1]))
            else:
                buttons = re.findall(r'aria-pressed="(\w+)">(.*?)</button>', row)
                labels.append([unescape(text) for _, text in buttons])
                start.append([pressed for pressed, _ in buttons].index("true"))
        alts = [alt for alt, _ in frames_file(path.parent / file)["frames"]]
        indexes = list(itertools.product(*(range(len(texts)) for texts in labels)))
        frames = dict(zip(indexes, alts, strict=True))
        found.append({"labels": labels, "start": start, "frames": frames})
    return found
