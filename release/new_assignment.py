"""Write the skeleton of a new assignment: notebook, catalogue of mistakes, right answers.

usage: make new-assignment NAME=gates FUNCTIONS="forget update"
       python -m release.new_assignment gates forget update

Each TODO in it is the author's to fill in, and `make exercises` refuses it until then. What comes
after stands in CONTRIBUTING.md, "Add an assignment". Without FUNCTIONS learners write one function,
called like the assignment.
"""

import argparse
import keyword
import re
import sys
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course import ROOT, SOLUTIONS
from release.notebook_format import tidy

VARIANTS = ROOT / "tests" / "release" / "variants"
VISIBLE, HIDDEN = 2, 3  # the points of the two test cells that a function begins with

TITLE = """\
# TODO: what it is about

**{points} points · about TODO minutes ·** follows the chapter [TODO](../../book/TODO.ipynb)

TODO: two or three sentences on what the learner writes and what for.

**How it works.** Below each statement is a cell with an unfinished function. Write your answer
where it says `# YOUR CODE HERE`, run the cell, then run the test cells under it. A test that passes
prints nothing. A test that fails says what differs, and if it recognises the mistake, why. Cells
marked *hidden* are empty here: they hold more tests when your answer is graded. Add cells of your
own wherever you like; the tests use the names `check`, `same`, `same_shape` and `parts`, so leave
those four alone."""

CONVENTIONS = """\
## Conventions

| symbol | shape | meaning |
|---|---|---|
| `x` | `(TODO,)` | TODO |

- Numbers are `float64`. Results are compared to within 0.01 %, so any correct way to compute them
  will do.
- A function changes none of its arguments."""

STATEMENT = """\
## {number} · `{function}` ({points} points)

TODO: what it computes, as a formula with the shape under each letter.

**By hand**: TODO, an example small enough for a pencil; it is the first test."""

ANSWER = '''\
def {function}(x: np.ndarray) -> np.ndarray:
    """TODO: what comes back for x, with shapes."""
    ### BEGIN SOLUTION
    return TODO
    ### END SOLUTION
    raise NotImplementedError("{function} is not written yet: return TODO.")'''

TEACHES = """\
# {points} points · the example by hand
with check({function}):
    x = np.array(TODO)
    same({function}(x), TODO, "the example by hand")"""

PROVES = """\
# {points} points · hidden: TODO, what the example leaves open
### BEGIN HIDDEN TESTS
with check({function}, hidden=True):
    x = np.array(TODO)
    before = x.copy()
    same({function}(x), TODO, "TODO: what is special about this input")
    assert (x == before).all(), "{function} changes its argument"
### END HIDDEN TESTS"""

MISTAKES = '''\
"""Wrong answers to the assignment {name}, and the sentence that explains each."""

import numpy as np

from grading.assignment import mistake

# Short inputs: no two of the mistakes below give the same results on them, nor the right ones.
PROBES = {{
{probes}
}}
'''

MISTAKE = """

# {function}: eight mistakes at least


@mistake("{function}", "TODO: what the learner did, and what follows from it.")
def todo_{function}(x):
    return TODO
"""

RIGHT = '''\
"""Right answers to the assignment {name}, written in many ways: none may lose a point."""

import numpy as np

POINTS = {points}  # of the whole assignment
'''

RIGHT_ANSWER = """

# {function}: four right answers at least, none written as the reference is


def {function}_by_a_loop(x):
    return TODO
"""

NEXT = """\
Fill in every TODO, then `make exercises`. Beside these, name the assignment in
  _toc.yml                 {folder}/{name}/{name}, after its chapter
  book/descriptions.yml    a sentence about its page, and the chapters that it follows
and run `make test-fast`. CONTRIBUTING.md, "Add an assignment", has the rules and the minimums."""


def notebook(name: str, functions: list[str]) -> nbformat.NotebookNode:
    """The author's notebook, with the metadata that nbgrader knows its cells by."""
    each = VISIBLE + HIDDEN
    cells = [
        new_markdown_cell(TITLE.format(points=each * len(functions)), id="title"),
        new_markdown_cell(CONVENTIONS, id="conventions"),
        _code("imports", "import numpy as np"),
        _code(
            "checks",
            "# What the tests use. In the released notebook the text itself stands here.\n"
            "%run -i ../../grading/checks.py",
        ),
    ]
    cells[-1].metadata.update({"jupyter": {"source_hidden": True}, "tags": ["hide-input"]})
    for number, function in enumerate(functions, 1):
        statement = STATEMENT.format(number=number, function=function, points=each)
        cells += [
            new_markdown_cell(statement, id=f"{function}-statement".replace("_", "-")),
            _code(function, ANSWER.format(function=function), solution=True),
            _code(
                f"{function}-example",
                TEACHES.format(function=function, points=VISIBLE),
                points=VISIBLE,
            ),
            _code(
                f"{function}-hidden", PROVES.format(function=function, points=HIDDEN), points=HIDDEN
            ),
        ]
    return tidy(new_notebook(cells=cells))


def _code(grade_id: str, source: str, solution: bool = False, points: int = 0):
    """A code cell with nbgrader's metadata: an answer, a test (it has points) or a locked tool."""
    about = {
        "grade": points > 0,
        "grade_id": grade_id,
        "locked": not solution,
        "schema_version": 3,
        "solution": solution,
        "task": False,
    }
    if points:
        about["points"] = points
    return new_code_cell(source, id=grade_id.replace("_", "-"), metadata={"nbgrader": about})


def write(
    name: str,
    functions: list[str] | None = None,
    solutions: Path = SOLUTIONS,
    variants: Path = VARIANTS,
) -> list[Path]:
    """Write the skeleton; returns its files.

    Raises:
        ValueError: a name that Python or nbgrader would not take.
        FileExistsError: there is an assignment of this name.
    """
    functions = functions or [name]
    for word in (name, *functions):
        if not re.fullmatch(r"[a-z][a-z0-9_]*", word) or keyword.iskeyword(word):
            raise ValueError(f"{word!r}: a name is lower-case letters, digits and underscores")
    if twice := {word for word in functions if functions.count(word) > 1}:
        raise ValueError(f"two functions are called {', '.join(sorted(twice))}")
    probes = "\n".join(f'    "{function}": [(np.array(TODO),)],' for function in functions)
    mistakes = MISTAKES.format(name=name, probes=probes)
    right = RIGHT.format(name=name, points=(VISIBLE + HIDDEN) * len(functions))
    for function in functions:
        mistakes += MISTAKE.format(function=function)
        right += RIGHT_ANSWER.format(function=function)
    listed = "\n".join(f'    "{function}": [{function}_by_a_loop],' for function in functions)
    right += f"\n\nVARIANTS = {{\n{listed}\n}}\n"
    files = {
        solutions / name / f"{name}.ipynb": nbformat.writes(notebook(name, functions)) + "\n",
        solutions / name / "mistakes.py": mistakes,
        variants / f"{name}.py": right,
    }
    for path in files:
        if path.exists():
            raise FileExistsError(f"{path} exists; nothing was written")
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(files)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="release.new_assignment", description=__doc__.split("\n")[0]
    )
    parser.add_argument("name")
    parser.add_argument("functions", nargs="*", help="what learners write; one called like NAME")
    args = parser.parse_args(argv)
    try:
        written = write(args.name, args.functions)
    except (ValueError, FileExistsError) as problem:
        print(problem, file=sys.stderr)
        return 1
    for path in written:
        print(f"wrote {path.relative_to(ROOT)}")
    print(NEXT.format(folder="exercises", name=args.name))
    return 0


if __name__ == "__main__":
    sys.exit(main())
