"""What is published holds nothing of an answer or a hidden test, wherever it might be left."""

import json
import shutil
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest

from grading.assignment import pack
from release import publish
from release.exercises import REGION
from tests.support import chromium

NAME = "transformer"


@pytest.fixture(scope="module")
def secret() -> str:
    """A line of the answer and one of a hidden test, as they stand in the solution."""
    regions = [m for cell in pack(NAME).cells for m in REGION.finditer(cell.source)]
    lines = {
        kind: max((s.strip() for m in regions if m[1] == kind for s in m[2].split("\n")), key=len)
        for kind in ("SOLUTION", "HIDDEN TESTS")
    }
    return "\n".join(lines.values())


def test_the_learner_edition_is_whole_and_clean(edition):
    assert not list(publish.refusals(edition))
    for name in ("README.md", "LICENSE", "constraints.txt", "binder/requirements.txt"):
        assert (edition / name).is_file(), name
    assert {p.name for p in edition.iterdir()}.isdisjoint(publish.INSTRUCTORS)
    assert not (edition / "book" / "assets").exists(), "the builder's, not the learners'"
    assert "Start here" in (edition / "README.md").read_text("utf-8")


def test_the_built_site_is_clean(site):
    assert not list(publish.refusals(site))


def in_metadata(folder, text):
    path = folder / "exercises/rnn/rnn.ipynb"
    notebook = json.loads(path.read_text("utf-8"))
    notebook["cells"][0]["metadata"]["note"] = text
    path.write_text(json.dumps(notebook), "utf-8")


def in_an_output(folder, text):
    path = folder / "book/rnn-loop.ipynb"
    notebook = json.loads(path.read_text("utf-8"))
    cell = next(c for c in notebook["cells"] if c["cell_type"] == "code")
    cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": text.splitlines(True)}]
    path.write_text(json.dumps(notebook), "utf-8")


def in_prose(folder, text):
    (folder / "book/glossary.md").write_text(f"# Glossary\n\n{text}\n", "utf-8")


def in_the_search_index(folder, text):
    (folder / "searchindex.js").write_text(f"Search.setIndex({json.dumps({'titles': text})})")


def in_sources(folder, text):
    (folder / "_sources").mkdir()
    (folder / "_sources" / "rnn.ipynb").write_text(json.dumps({"source": text}), "utf-8")


def in_a_source_map(folder, text):
    (folder / "course.js.map").write_text(json.dumps({"sourcesContent": [text]}), "utf-8")


def in_a_page(folder, text):
    import html

    spans = "".join(f"<span>{html.escape(c)}</span>" for c in text)  # as a highlighter writes it
    (folder / "page.html").write_text(f"<pre>{spans}</pre>", "utf-8")


def in_the_epub(folder, text):
    import html

    spans = "".join(f"<span>{html.escape(c)}</span>" for c in text)
    with zipfile.ZipFile(folder / "course.epub", "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("book/rnn.xhtml", f"<html><body><pre>{spans}</pre></body></html>")


def in_the_pdf(folder, text):
    from website.chromium import chromium as launched

    def print_it():
        with launched() as browser:  # a narrow page, so that lines are broken
            tab = browser.new_page()
            tab.set_content('<pre style="white-space: pre-wrap; width: 18em"></pre>')
            tab.locator("pre").evaluate("(pre, text) => pre.textContent = text", text)
            tab.pdf(path=folder / "course.pdf")

    chromium()
    with ThreadPoolExecutor() as thread:  # the tests' browser may have the loop of this one
        thread.submit(print_it).result()


PLACES = (
    in_metadata,
    in_an_output,
    in_prose,
    in_the_search_index,
    in_sources,
    in_a_source_map,
    in_a_page,
    in_the_epub,
    in_the_pdf,
)


@pytest.mark.parametrize("plant", PLACES)
def test_a_planted_leak_is_refused(plant, edition, secret, tmp_path):
    folder = tmp_path / "learner"
    shutil.copytree(edition, folder)
    plant(folder, secret)
    found = list(publish.refusals(folder, [NAME]))
    for line in secret.split("\n"):
        assert any(repr(line) in problem for problem in found), f"not seen: {line}"


@pytest.mark.parametrize(
    "name", ["solutions/rnn/rnn.ipynb", "grading/judge.py", "book/mistakes.py"]
)
def test_files_of_instructors_are_refused(name, tmp_path):
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    path.touch()
    assert any("not for learners" in problem for problem in publish.refusals(tmp_path, []))


def test_nothing_is_replaced_when_a_leak_is_found(tmp_path, monkeypatch, site, secret, capsys):
    leaky = tmp_path / "site"
    leaky.mkdir()
    (leaky / "index.html").write_text(f"<pre>{secret}</pre>", "utf-8")
    monkeypatch.setattr(publish, "SITE", leaky)
    monkeypatch.setattr(publish, "DIST", tmp_path / "dist")
    assert publish.main() == 1
    assert "Nothing was published" in capsys.readouterr().out
    assert not (tmp_path / "dist").exists()
