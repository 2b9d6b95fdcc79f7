"""Nothing that a learner writes acts on whoever reads it: marks are never forged from an essay.

A class that hands in every payload of payloads.py is graded, and one browser, logged in as the
grader with nbgrader's API listening, reads all of it: in formgrader, in feedback, in JupyterLab.
One graded copy is as it would be if the source had not been gone over, so that each wall is tried
alone.
"""

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbconvert.exporters import HTMLExporter
from nbgrader.api import Gradebook

from course import EXERCISES
from grading import sample_class
from grading.harmless import attachments, field, markdown
from tests.grading import payloads
from tests.grading.support import grade, nbgrader
from tests.support import free_port, wait_for_jupyter

LEARNERS = ("payloads", "harmless", "as-it-was")
# What is wrong with a page, told by the page: all that could act among what a learner wrote
ACTIVE = "script, style, iframe, object, embed, form, input, button, select, textarea, svg, math"
ACTIVE += ", base, meta, link, video, audio"
SUSPECTS = """
() => {
  const found = window.EVIL ? ["EVIL"] : [];
  const theirs = ".text_cell_render, .output_area, .jp-MarkdownOutput, .jp-OutputArea";
  for (const part of document.querySelectorAll(theirs))
    for (const element of part.querySelectorAll("*")) {
      if (element.closest(".MathJax, .MathJax_Preview, mjx-container, .jp-OutputPrompt")) continue;
      if (element.matches(ACTIVE))
        found.push(element.outerHTML.slice(0, 200));
      for (const {name: key, value} of element.attributes) {
        const acts = /^(on|data-(toggle|link|command)|srcset|formaction|ping|xlink)/.test(key);
        const link = key === "href" && !/^(https?:|mailto:|#)/.test(value);
        const picture = key === "src" && !/^data:image\\/(png|jpeg|gif|webp);/.test(value);
        const styled = key === "style" && /url|position/.test(value);
        if (acts || link || picture || styled) found.push(element.outerHTML.slice(0, 200));
      }
    }
  return found;
}
""".replace("ACTIVE", repr(ACTIVE))


def submission(cells: list[dict]) -> str:
    """The unanswered exercise with these cells below it, and each text in an essay of its own."""
    notebook = json.loads((EXERCISES / "rnn" / "rnn.ipynb").read_text())
    notebook["cells"] += cells
    return json.dumps(notebook)


@pytest.fixture(scope="module")
def course(tmp_path_factory, bubblewrap) -> Path:
    """A graded class, with feedback by nbgrader's own command."""
    root = sample_class.course(tmp_path_factory.mktemp("harmless"))
    own = {"own.png": {"image/png": payloads.PIXEL}}
    honest = {"cell_type": "markdown", "metadata": {}, "source": payloads.HARMLESS}
    sample_class.hand_in(root, "payloads", "rnn", submission(payloads.cells()))
    sample_class.hand_in(root, "harmless", "rnn", submission([honest | {"attachments": own}]))
    sample_class.hand_in(root, "as-it-was", "rnn", submission([]))
    beside = root / "submitted" / "payloads" / "rnn"
    (beside / "EVIL.js").write_text("top.EVIL=1")
    (beside / "evil.html").write_text("<script>top.EVIL=1</script>")
    (beside / "nbgrader_config.py").write_text(f"open({str(root / 'EVIL')!r}, 'w')")
    nbgrader(root, "generate_assignment", "rnn")
    grade(root, "--marks-only")
    copy = root / "autograded" / "as-it-was" / "rnn" / "rnn.ipynb"
    notebook = json.loads(copy.read_text())
    notebook["metadata"] |= {"title": payloads.IMG, "widgets": {"x": payloads.IMG}}
    notebook["cells"] += [cell | {"id": f"x{n}"} for n, cell in enumerate(payloads.cells())]
    copy.unlink()
    copy.write_text(json.dumps(notebook))
    with Gradebook(f"sqlite:///{root}/gradebook.db") as book:
        for learner in LEARNERS:
            name = payloads.MARKDOWN["out-of-the-page"]
            book.update_or_create_student(learner, first_name=f'">{name}', last_name=name)
    nbgrader(root, "generate_feedback", "rnn")
    return root


@pytest.fixture(scope="module")
def server(course) -> str:
    """The address of a JupyterLab in the course's folder, formgrader in it."""
    address = f"http://127.0.0.1:{(port := free_port())}"
    command = [sys.executable, "-m", "jupyter", "lab", "--allow-root", "--no-browser"]
    env = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "JUPYTER_CONFIG_DIR": str(course / "config"),
        "JUPYTER_RUNTIME_DIR": str(course / "runtime"),
    }
    with open(course / "log", "w") as log:
        process = subprocess.Popen(
            [*command, f"--port={port}", "--IdentityProvider.token="],
            cwd=course,
            env=env,
            stdout=log,
            stderr=log,
        )
    try:
        wait_for_jupyter(address, process, course / "log")
        yield address
    finally:
        process.terminate()
        process.wait()


@pytest.fixture
def asked(page) -> list[str]:
    """The addresses that the browser asks for; those on the web are not answered."""
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    page.route(re.compile("^https://"), lambda route: route.abort())
    return addresses


def marks(root: Path) -> dict[str, float]:
    with Gradebook(f"sqlite:///{root}/gradebook.db") as book:
        return {s.student.id: s.score for s in book.assignment_submissions("rnn")}


def nothing_acts(page, asked: list[str]) -> None:
    page.wait_for_load_state("networkidle")
    assert page.evaluate(SUSPECTS) == []
    assert [address for address in asked if "EVIL" in address or ":9/" in address] == []
    assert [frame.url for frame in page.frames[1:]] == []


def submissions(page, server: str) -> list[str]:
    """The addresses of all submissions in formgrader."""
    page.goto(f"{server}/formgrader/gradebook/rnn/rnn")
    links = page.locator("a[href*='/submissions/']")
    links.first.wait_for()
    return list(dict.fromkeys(links.evaluate_all("all => all.map(a => a.href)")))


@pytest.mark.slow
def test_nothing_acts_in_formgrader(course, server, page, asked):
    before = marks(course)
    links = submissions(page, server)
    assert len(links) == len(LEARNERS)
    for link in links:
        page.goto(link)
        page.locator(".nbgrader_cell").first.wait_for()
        page.wait_for_function("formgrader.grades && formgrader.grades.loaded")
        nothing_acts(page, asked)
    for name in ("manage_students", "manage_submissions/rnn", "gradebook", "manage_assignments"):
        page.goto(f"{server}/formgrader/{name}")
        nothing_acts(page, asked)
    assert marks(course) == before
    assert not (course / "EVIL").exists()


@pytest.mark.slow
def test_a_grader_can_still_give_marks(course, server, page, asked):
    """The policy stops other people's scripts, not nbgrader's."""
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(submissions(page, server)[0])
    page.locator(".name-hidden.glyphicon").click()
    page.locator(".name-shown.glyphicon").wait_for()
    score = page.locator(".nbgrader_cell .score").first
    was = score.input_value()
    with page.expect_response(re.compile("/api/grade/")) as answer:
        page.locator(".full-credit").first.click()
    assert answer.value.ok
    with page.expect_response(re.compile("/api/grade/")):
        score.fill(was or "")
        score.blur()
    assert not [text for text in said if "Content Security Policy" in text and "https:" not in text]


@pytest.mark.slow
def test_an_address_gives_no_orders(course, server, page, asked):
    """A link in an essay may lead to formgrader itself."""
    evil = "%22%3E%3Cscript%3Etop.EVIL=1%3C%2Fscript%3E"
    routes = ("manage_submissions/{}", "manage_students/{}", "manage_students/{}/rnn")
    for route in (*routes, "gradebook/{}", "gradebook/{}/rnn", "gradebook/rnn/{}"):
        page.goto(f"{server}/formgrader/{route.format(evil)}")
        assert page.evaluate("window.EVIL") is None, route
    folder = course / "submitted" / "payloads" / "rnn"
    assert page.goto(f"{server}/formgrader?path={folder}").status == 403
    assert not (course / "EVIL").exists()
    assert page.goto(f"{server}/formgrader?path={course}").ok


@pytest.mark.slow
@pytest.mark.parametrize("learner", LEARNERS)
def test_nothing_acts_in_feedback(course, page, asked, learner):
    page.goto((course / "feedback" / learner / "rnn" / "rnn.html").as_uri())
    nothing_acts(page, asked)


@pytest.mark.slow
def test_nothing_acts_where_jupyterlab_shows_a_graded_copy(course, server, page, asked):
    page.goto(f"{server}/lab/tree/autograded/payloads/rnn/rnn.ipynb?reset")
    page.locator(".jp-NotebookPanel .jp-MarkdownCell").first.wait_for()
    for _ in range(30):  # Lab renders what comes into view
        page.keyboard.press("PageDown")
        page.locator(".jp-WindowedPanel-outer").first.evaluate("e => e.scrollBy(0, 800)")
        page.wait_for_timeout(50)
    assert page.evaluate("window.EVIL") is None
    assert [address for address in asked if "EVIL" in address or ":9/" in address] == []


@pytest.mark.slow
def test_what_is_harmless_shows(course, server, page, asked):
    pages = [(course / "feedback" / "harmless" / "rnn" / "rnn.html").as_uri()]
    for link in submissions(page, server):
        page.goto(link)
        if page.locator("strong:text-is('bold')").count():
            pages.append(link)
    assert len(pages) == 2
    for address in pages:
        page.goto(address)
        for shown in ("strong:text-is('bold')", "em:text-is('italic')", "td:text-is('2')"):
            assert page.locator(shown).count() == 1, (address, shown)
        assert page.locator("a[href='https://example.org/a?b=1&c=2']").count() == 1
        assert page.locator("sub:text-is('2')").count() == 1
        assert page.locator(".highlight .k:text-is('return')").count() >= 1
        assert "\\frac{a}{b} < c" in page.locator("body").inner_text()
        pictures = page.locator("img[src^='data:image/png']")
        assert pictures.count() == 2
        assert pictures.evaluate_all("all => all.every(i => i.naturalWidth == 1)")


# ---- each wall by itself ------------------------------------------------------------------------
@pytest.mark.slow
def test_a_stock_page_of_a_graded_copy_is_harmless(page, asked, tmp_path):
    """Plain `jupyter nbconvert` knows nothing of this course's settings."""
    made = []
    for text in payloads.MARKDOWN.values():
        made.append({"cell_type": "markdown", "metadata": {}, "source": markdown(text)})
    notebook = {"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    (tmp_path / "x.ipynb").write_text(json.dumps(notebook))
    html, _ = HTMLExporter(template_name="basic").from_filename(str(tmp_path / "x.ipynb"))
    page.set_content(f"<body class=text_cell_render>{html}</body>")
    assert page.evaluate("window.EVIL") is None
    assert page.locator("script, iframe, svg, style, form, input, object, embed").count() == 0
    assert [address for address in asked if "EVIL" in address or ":9/" in address] == []


@pytest.mark.parametrize("name", payloads.MARKDOWN)
def test_going_over_a_source_twice_changes_nothing_more(name):
    once = markdown(payloads.MARKDOWN[name])
    assert markdown(once) == once


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from([*payloads.MARKDOWN.values(), *"<>\"'`![]()\\/= ab\n"]), max_size=8)
)
def test_no_mixture_of_payloads_leaves_a_tag_with_an_attribute(parts):
    """Whoever reads it, and in whatever state: a tag that is left says nothing but what is safe."""
    source = markdown("".join(parts))
    for tag in re.findall(r"<[a-zA-Z/!?][^>]*>?", source):
        plain = re.fullmatch(r"</?[a-z0-9]+>", tag)
        link = re.fullmatch(r'<a href="(https?://|mailto:)[^"\s<>]*">', tag)
        picture = re.fullmatch(r'<img( (src|alt|width|height)="[^"<>]*")+>', tag)
        assert plain or link or (picture and 'src="http' not in tag), tag


def test_only_pictures_are_attached():
    given_ = payloads.cells()[len(payloads.MARKDOWN)]["attachments"]
    assert attachments(given_) == {}
    own = {"a b.png": {"image/png": payloads.PIXEL}}
    assert attachments(own) == own
    assert attachments(["x"]) == attachments(None) == {}


def test_no_field_of_a_list_is_a_formula(tmp_path):
    evil = ("=1+1", "+1", "-1+cmd", "@SUM(A1)", "\t=1", "\r=1", " =1", '=HYPERLINK("x")')
    with open(tmp_path / "list.csv", "w", newline="") as file:
        csv.writer(file).writerow([field(text) for text in evil])
    with open(tmp_path / "list.csv", newline="") as file:
        assert all(text.startswith("'") for text in next(csv.reader(file)))
    assert field("failed tests: x - 1 = 2") == "failed tests: x - 1 = 2"
