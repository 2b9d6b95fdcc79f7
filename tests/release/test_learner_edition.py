"""A chapter serves without the book's builder: alone, with citations as links, sliders alive."""

import re
import subprocess

import ipywidgets as widgets
import matplotlib.pyplot as plt
import nbformat
import pytest
from lesson import explore
from nbclient import NotebookClient

from course import ROOT, address
from release import learner_edition
from tests.support import PATIENCE


@pytest.mark.slow
def test_a_chapter_opened_alone_fetches_what_it_imports(edition, tmp_path):
    """As on Colab, with a repository of this machine in place of the published one."""
    git = ["git", "-c", "user.name=course", "-c", "user.email=course@localhost"]
    for step in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "published"]):
        subprocess.run([*git, *step], cwd=edition, check=True)
    text = (edition / "book" / "refresher.ipynb").read_text("utf-8")
    alone = text.replace(address(), edition.as_uri())
    assert alone != text
    notebook = nbformat.reads(alone, as_version=4)
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=PATIENCE // 1000, resources=resources).execute()
    assert not first.outputs, "it is quiet"
    assert (tmp_path / ".course").is_dir()
    outputs = [out for cell in notebook.cells for out in cell.get("outputs", ())]
    assert not [out for out in outputs if out.get("name") == "stderr"]


def test_where_the_course_lies_nothing_is_fetched(tmp_path, monkeypatch):
    from IPython.core.interactiveshell import InteractiveShell

    (tmp_path / "lesson").mkdir()
    monkeypatch.chdir(tmp_path)
    asked = []
    shell = InteractiveShell()
    monkeypatch.setattr(shell, "system", asked.append)
    code = learner_edition.FETCH.format(address="file:///nowhere")
    shell.run_cell(code).raise_error()
    assert asked == []
    (tmp_path / "lesson").rmdir()
    shell.run_cell(code).raise_error()
    assert len(asked) == 2, "without lesson/ it asks git"


def test_every_chapter_has_the_cell_and_no_source_has_it(edition):
    for path in sorted(edition.glob("book/*.ipynb")):
        codes = [c.source for c in nbformat.read(path, 4).cells if c.cell_type == "code"]
        assert codes[0] == learner_edition.FETCH.format(address=address()), path.name
        assert "git clone" not in (ROOT / "book" / path.name).read_text("utf-8")


def test_the_start_page_leads_to_every_notebook_and_to_where_else_the_course_is(edition):
    text = (edition / "README.md").read_text("utf-8")
    links = re.findall(r"\]\(([^)]*)\)", text)
    elsewhere = [link for link in links if not (edition / link).is_file()]
    name = address().removeprefix("https://github.com/")
    assert elsewhere == [
        f"https://mybinder.org/v2/gh/{name}/main?urlpath=lab/tree/README.md",
        learner_edition.settings()["sphinx"]["config"]["html_baseurl"],
    ]
    notebooks = [*edition.glob("book/*.ipynb"), *edition.glob("exercises/*/*.ipynb")]
    assert {str(p.relative_to(edition)) for p in notebooks} <= set(links)


def test_citations_are_links(edition):
    for path in sorted([*edition.glob("book/*.ipynb"), *edition.glob("book/*.md")]):
        text = path.read_text("utf-8")
        assert not re.search(r"\{(cite|bibliography|literalinclude)\b", text), path.name
    vaswani = "[Vaswani et al. (2017)](https://arxiv.org/abs/1706.03762)"
    assert vaswani in (edition / "book" / "attention.ipynb").read_text("utf-8")
    assert learner_edition.cited("{cite:p}`rabe2021,dao2022`") == (
        "([Rabe and Staats, 2021](https://arxiv.org/abs/2112.05682); "
        "[Dao et al., 2022](https://arxiv.org/abs/2205.14135))"
    )
    assert "Attention Is All You Need" in (edition / "book" / "bibliography.md").read_text("utf-8")


def test_every_verdict_and_prediction_has_its_sign_in_jupyterlab(edition):
    text = "".join(path.read_text("utf-8") for path in edition.glob("book/*.ipynb"))
    boxes = set(re.findall(r":class: ((?:verdict|predict)[^\\\"]*)", text))
    assert boxes == {f"{name} {word}" for name, word in learner_edition.BOXES.items()}


def test_exercises_are_handed_out_as_they_are(edition):
    for path in sorted(ROOT.glob("exercises/*/*.ipynb")):
        place = path.relative_to(ROOT)
        assert (edition / place).read_bytes() == path.read_bytes()


def test_sliders_answer_where_ipywidgets_has_no_stack(monkeypatch):
    """ipywidgets 7, which Colab has: the kernel switches the frames."""
    monkeypatch.delattr(widgets, "Stack")

    def draw(a, b):
        fig, ax = plt.subplots(figsize=(1, 1))
        ax.set_title(f"{a} {b}")
        return fig, f"a is {a}, b is {b}"

    box = explore(draw, a=[1, 2, 3], b=["x", "y"])
    frame = box.children[-1]
    assert "a is 1, b is x" in frame.value
    box.controls[0].index = 2
    assert "a is 3, b is x" in frame.value
    box.controls[1].index = 1
    assert "a is 3, b is y" in frame.value
