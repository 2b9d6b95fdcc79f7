"""What notebooks and pages need where the book's builder does not come by: Binder, Colab, a disk.

There a citation is a link to the work, the bibliography a list, the seed text written out, and a
chapter that was opened alone fetches what it imports.
"""

import json
import re
from functools import cache
from pathlib import Path

from nbformat.v4 import new_code_cell
from pybtex.database import Entry, parse_file
from pybtex.richtext import Text

from course import ROOT, address, chapters, descriptions, pages, settings
from release.notebook_format import MARK

# Git and a shell are there on Colab. Where the notebook lies in its repository, it does nothing.
FETCH = """\
# Where this notebook came alone, as on Colab, fetch what it imports. Elsewhere: nothing to do.
from pathlib import Path

if not Path("lesson").is_dir():
    !git clone -q --depth 1 {address} .course
    !cd .course/book && cp -R lesson data ledger.yml ../.."""

# JupyterLab gives a box its colour and sign by the last word, the book's styles by those before.
BOXES = {
    "verdict true": "tip",
    "verdict condition": "warning",
    "verdict misleading": "warning",
    "verdict false": "danger",
    "verdict missing": "warning",
    "predict": "important",
}


def signposted(start: str) -> str:
    """The start page with the chapters and the addresses of Binder and of the book."""
    name = address().removeprefix("https://github.com/")
    hub, branch = settings()["launch_buttons"]["binderhub_url"], settings()["repository"]["branch"]
    binder = f"{hub}/v2/gh/{name}/{branch}?urlpath=lab/tree/README.md"
    site = settings()["sphinx"]["config"]["html_baseurl"]
    start = start.replace("](binder:)", f"]({binder})").replace("](site:)", f"]({site})")
    return start.replace("{{ chapters }}", _table())


def _table() -> str:
    """The chapters with the exercises that follow them."""
    exercises: dict[str, list[str]] = {}
    for page in pages():
        for chapter in descriptions().get(page, {}).get("after", []):
            exercises.setdefault(chapter, []).append(f"[{Path(page).name}]({page}.ipynb)")
    rows = [
        f"| [{number} · {_title(name)}]({name}.ipynb) | {', '.join(exercises.get(name, []))} |"
        for number, name in enumerate(chapters())
    ]
    ledger = "| [All verdicts: the claim ledger](book/claim-ledger.ipynb) | |"
    return "\n".join(["| Chapter | Exercise |", "| --- | --- |", *rows, ledger])


def _title(page: str) -> str:
    """The heading of a notebook."""
    cells = json.loads((ROOT / f"{page}.ipynb").read_text("utf-8"))["cells"]
    first = "".join(cells[0]["source"]).splitlines()[0]
    return first.removeprefix("# ")


def adapt(path: Path) -> None:
    """Change a chapter or page of a new learner edition so that it serves without the builder."""
    if path.suffix == ".md":
        text = path.read_text("utf-8")
        text = re.sub(r"```\{bibliography\}.*?```", lambda m: bibliography(), text, flags=re.S)
        text = re.sub(
            r"```\{literalinclude\} (\S+)\n.*?```",
            lambda m: f"```text\n{(path.parent / m[1]).read_text('utf-8').rstrip()}\n```",
            text,
            flags=re.S,
        )
        path.write_text(cited(text), "utf-8")
    elif path.suffix == ".ipynb":
        notebook = json.loads(path.read_text("utf-8"))
        cells = notebook["cells"]
        for cell in cells:
            source = "".join(cell["source"])
            if cell["cell_type"] == "code":  # nothing has run, so that predictions come first
                cell["outputs"], cell["execution_count"] = [], None
                source = source.removeprefix(f"{MARK}\n")  # for the tests, not for readers
            else:
                source = cited(boxed(source))
            cell["source"] = source.splitlines(True)
        hidden = {"jupyter": {"source_hidden": True}}
        fetch = new_code_cell(FETCH.format(address=address()), id="fetch", metadata=hidden)
        first = next(i for i, cell in enumerate(cells) if cell["cell_type"] == "code")
        cells.insert(first, fetch)
        path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", "utf-8")


@cache
def works() -> dict[str, Entry]:
    """The entries of the bibliography by their keys."""
    return parse_file(ROOT / "book" / "references.bib").entries


def boxed(text: str) -> str:
    """`text` with the words of `BOXES` behind the classes of its boxes."""
    for name, word in BOXES.items():
        text = re.sub(rf"^:class: {name}$", rf"\g<0> {word}", text, flags=re.M)
    return text


def cited(text: str) -> str:
    """`text` with links to the works in place of the roles `{cite:t}` and `{cite:p}`."""

    def link(match: re.Match) -> str:
        form = "[{} ({})]({})" if match[1] == "t" else "[{}, {}]({})"
        cited = [works()[key.strip()] for key in match[2].split(",")]
        links = "; ".join(form.format(names(w), w.fields["year"], url(w)) for w in cited)
        return links if match[1] == "t" else f"({links})"

    return re.sub(r"\{cite:([pt])\}`([^`]+)`", link, text)


def bibliography() -> str:
    """All works as a list, each title a link to where the work can be read."""
    return "\n".join(
        f"- {names(w, 3)} ({w.fields['year']}). [{Text.from_latex(w.fields['title'])}]({url(w)})"
        for _, w in sorted(works().items())
    )


def names(work: Entry, most: int = 2) -> str:
    """Surnames of the authors; of more than `most` the first, and et al."""
    last = [" ".join(map(str, person.rich_last_names)) for person in work.persons["author"]]
    if len(last) > most or "others" in last:
        return f"{last[0]} et al."
    return " and ".join(filter(None, (", ".join(last[:-1]), last[-1])))


def url(work: Entry) -> str:
    """Where the work can be read: its own address, arXiv, or its doi."""
    have = work.fields
    if "url" in have:
        return have["url"]
    if "eprint" in have:
        return f"https://arxiv.org/abs/{have['eprint']}"
    return f"https://doi.org/{have['doi']}"
