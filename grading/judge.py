"""One submission in, one verdict out.

The learner's cells run in a sandbox (sandbox.py, worker.py). The master's test cells run here, in
a trusted process. A name that a test reads and no locked cell defines is the learner's; the test
finds a stand-in under it (remote.py), which asks the sandbox and brings back plain data. So a test
sees what a function gives, and the learner's code never sees the test, the assert or the expected
value.
"""

import ast
import builtins
import contextlib
import copy
import difflib
import io
import re
import symtable
import traceback
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TypedDict

import numpy as np

from grading.files import Unreadable, read
from grading.remote import (
    MAX_PRINTED,
    FakeClock,
    LearnerSession,
    Remote,
    RemoteFunction,
    error_output,
    result,
    stream,
)
from grading.sandbox import Limits, Sandbox
from grading.submission import (
    Aside,
    NotThisAssignment,
    as_text,
    is_locked,
    is_test,
    meta,
    parse,
    pictures_left_out,
    put_aside,
    restore,
    several,
    shortened,
    visible,
)
from grading.wire import clean

# with these, code may read names that do not stand in it
LOOKS_AROUND = {"eval", "exec", "globals", "locals", "vars", "dir", "__main__"}
LOOKS_AROUND |= {"_", "__", "___", "In", "Out", "_ih", "_oh", "_dh", "_i", "_ii", "user_ns"}
UNPARSABLE = (SyntaxError, ValueError, RecursionError, MemoryError)
# from here on numpy's own assertions tell expected values
NUMBERS_OF_NUMPY = (
    r"(?m)^\s*(Not equal|Arrays are not|Items are not|Mismatch|Max |ACTUAL|DESIRED|x:|y:)"
)


class State(StrEnum):
    """What became of a submission."""

    GRADED = "graded"
    FAILED_TESTS = "failed tests"
    TIMED_OUT = "timed out"
    CRASHED = "crashed"
    UNREADABLE = "unreadable"
    NOT_THIS_ASSIGNMENT = "not this assignment"
    NOT_GRADED = "not graded"  # the judge itself failed, which is no fault of the learner's


class Verdict(TypedDict):
    """What is said of a submission. The reason is empty where all tests passed."""

    state: State
    reason: str
    notebook: dict | None  # the graded one; None where the state is NOT_GRADED


@dataclass
class Test:
    """A test cell, compiled."""

    body: Any
    last: Any  # the expression on its last line, for partial credit
    needs: list[str]  # the learner's names that it reads
    stand_ins: list[str]  # the functions whose faults must not count here
    visible: dict[int, str]


@dataclass
class Inside:
    """What may run inside the sandbox of a locked cell: all of it, or what is visible of a test."""

    source: str
    makes: set[str]  # names
    reads: set[str]


class Master:
    """The packed notebook: its locked cells executed once, its tests compiled once."""

    def __init__(self, notebook: dict):
        self.notebook = notebook
        self.names: dict[str, Any] = {"__name__": "__main__"}
        self.tests: dict[str, Test] = {}
        trusted = [c for c in notebook["cells"] if c["cell_type"] == "code" and is_locked(c)]
        trees = {meta(c)["grade_id"]: ast.parse(c["source"]) for c in trusted}
        self.inside = {meta(c)["grade_id"]: _inside(c) for c in trusted}
        own = set(dir(builtins)).union(*map(_defined, trees.values()))
        calling = _calling(trees.values(), own)
        for cell in trusted:
            i = meta(cell)["grade_id"]
            if is_test(cell):
                reads = {n.id for n in ast.walk(trees[i]) if isinstance(n, ast.Name)}
                tree = trees[i]
                expression = tree.body and isinstance(tree.body[-1], ast.Expr)
                last = ast.Expression(tree.body.pop().value) if expression else None
                tree = _LooksTwice(calling).visit(tree)
                self.tests[i] = Test(
                    compile(tree, f"<{i}>", "exec"),
                    last and compile(last, f"<{i}>", "eval"),
                    sorted(reads - own),
                    stand_ins(trees[i]),
                    visible(cell["source"]),
                )
            else:
                exec(compile(trees[i], f"<{i}>", "exec"), self.names)
        names = dict(self.names)
        for i, source in notebook.get("answers", {}).items():
            exec(compile(source, f"<{i}>", "exec"), names)
        self.answers = {i: names[i] for i in notebook.get("answers", {}) if i in names}


def stand_ins(test: ast.AST) -> list[str]:
    """The functions that a test names beside the one it is about: check(run_rnn, "rnn_cell")."""
    calls = [node for node in ast.walk(test) if isinstance(node, ast.Call)]
    return [
        str(argument.value)
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id == "check"
        for argument in call.args
        if isinstance(argument, ast.Constant)
    ]


def redefined(sources: Iterable[tuple[str, str]]) -> set[str]:
    """Names that a cell other than their own gives a value to: with these it means its own."""
    found: set[str] = set()
    for i, source in sources:
        with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
            found |= set(_defined(ast.parse(source))) - {i}
    return found


def _calling(trees: Collection[ast.AST], own: set[str]) -> set[str]:
    """The learner's names, and those of the master's functions that read one of them."""
    read = {n.id for tree in trees for n in ast.walk(tree) if isinstance(n, ast.Name)}
    functions = [n for tree in trees for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
    calling, before = read - own, -1
    while len(calling) > before:
        before = len(calling)
        for function in functions:
            inside = {n.id for n in ast.walk(function) if isinstance(n, ast.Name)}
            if inside & calling:
                calling.add(function.name)
    return calling


class _LooksTwice(ast.NodeTransformer):
    """Has each assertion about arguments made once more, about what became of them in a call.

    A test's own arguments stay as they are when the learner's function changes its copies, so that
    what the test expects does not depend on it. Only an assertion that looks at them and at
    nothing that the function returned is made a second time, `as_changed`.
    """

    def __init__(self, calling: set[str]):
        self.calling = calling  # the names of what calls the learner's functions

    def visit_Assert(self, node: ast.Assert) -> list[ast.stmt]:
        names = [n for n in ast.walk(node) if isinstance(n, ast.Name)]
        made = {n.id for n in names if not isinstance(n.ctx, ast.Load)}
        made |= {n.arg for n in ast.walk(node) if isinstance(n, ast.arg)}
        reads = sorted({n.id for n in names} - made - set(dir(builtins)))
        if self.calling.intersection(reads):
            return [node]
        text = f"if __arguments__.concern([{', '.join(reads)}]):\n"
        [again] = ast.parse(f"{text}    with __arguments__.as_changed(): pass").body
        for new in ast.walk(again):
            if isinstance(new, (ast.expr, ast.stmt)):
                ast.copy_location(new, node)
        again.body[0].body = [copy.deepcopy(node)]  # type: ignore[attr-defined]
        return [node, again]

    def visit_Expr(self, node: ast.Expr) -> list[ast.stmt]:
        called = node.value.func if isinstance(node.value, ast.Call) else None
        asserts = isinstance(called, ast.Name) or (
            isinstance(called, ast.Attribute) and called.attr.startswith("assert")
        )
        return self.visit_Assert(node) if asserts else [node]  # type: ignore[arg-type]


def _defined(tree: ast.AST) -> Iterator[str]:
    """All names that a piece of code gives a value to."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from ((a.asname or a.name).split(".")[0] for a in node.names)
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.ExceptHandler) and node.name:
            yield node.name


def judge(
    master: Master, folder: Path, assignment: str, sandbox: Sandbox, limits: Limits
) -> Verdict:
    """Run a submission against the master: the graded notebook, a state and a reason."""
    try:
        choice, data = read(folder, assignment)
        cells = parse(data)
        notebook = restore(master.notebook, cells)
    except Unreadable as error:
        return refuse(master.notebook, State.UNREADABLE, str(error))
    except NotThisAssignment as error:
        return refuse(master.notebook, State.NOT_THIS_ASSIGNMENT, str(error))
    session = LearnerSession(sandbox, limits)
    _introduce(master.names, session)
    aside = put_aside(master.notebook, cells)
    failed = _run(master, notebook["cells"], session, aside)
    session.close()
    notebook["metadata"]["probes"] = session.seen
    state, reason = _concluded(session, failed)
    notes = [*map(str, aside.values()), *several(master.notebook, cells)]
    notes += pictures_left_out(cells)
    if session.stops or notes:
        notebook["cells"].insert(0, _notice(state, ". ".join(filter(None, [reason, *notes]))))
    told = [note for note in notes if note not in reason]
    reason = ". ".join(filter(None, [reason, *told]))
    if choice:
        reason = f"({choice}) {reason}".strip()
    return {"state": state, "reason": reason, "notebook": notebook}


def _introduce(names: dict[str, Any], session: LearnerSession) -> None:
    """Have tests and the cell `checks` know of the session where they concern more than values."""
    names["__arguments__"] = session.arguments
    names["fake_clock"] = lambda own: FakeClock(session)
    if observe := names.get("_observe"):  # it names a mistake by what becomes of the arguments too

        def observed(function: Any, probe: Any) -> Any:
            with session.arguments.observed():
                seen = observe(function, probe)
            if isinstance(function, RemoteFunction) and function.__name__ not in session.lent:
                if not function.memo:  # it is asked for the first time
                    session.seen[function.__name__] = []
                session.seen[function.__name__].append(_as_text(*seen))
            return seen

        names["_observe"] = observed


def _as_text(look: str, numbers: list[float]) -> str:
    """What a function gave on a probe, the same text for what differs in last digits only."""
    rounded = [round(n, 6) + 0.0 if np.isfinite(n) else n for n in numbers[:100]]
    return clean(f"{look} {' '.join(f'{n:.4g}' for n in rounded)}".strip(), 1000)


def _run(master: Master, cells: list[dict], session: LearnerSession, aside: Aside) -> list[str]:
    """Run all cells, which gives them their outputs; what is said of the tests that failed."""
    failed = []
    theirs = redefined(
        (meta(c).get("grade_id", ""), c["source"])
        for c in cells
        if c["cell_type"] == "code" and not is_locked(c)
    )
    answers = {name: answer for name, answer in master.answers.items() if name not in theirs}
    lost = {name: str(why) for why in aside.values() for name in why.names}  # why it is not defined
    needed = _needed(master, cells)
    number = 0
    for cell in cells:
        i = meta(cell).get("grade_id", "")
        if cell["cell_type"] != "code" or (
            i in master.inside and i not in needed | {*master.tests}
        ):
            continue
        number += 1
        cell["execution_count"] = number
        if i not in master.inside:
            name = i or f"number {number}"
            cell["outputs"] = session.run(name, cell["source"])
            if name in session.errors:
                error = session.errors[name]
                ended = f"{_spoken(i, number, cell['source'])} ended with {error}"
                if error.startswith("NameError: ") and (root := _root(error, lost)):
                    ended = f"{root}; so {ended}"
                lost |= dict.fromkeys(_makes(cell["source"]), ended)
            continue
        inside = master.inside[i]
        if i not in master.tests:
            cell["outputs"] = session.run(i, inside.source)
            continue
        if i in needed and not inside.reads & session.barred.keys():
            session.run_beside(i, inside.source)
        cell["outputs"] = _test(master, i, session, lost, answers, theirs)
        failed += [f"{i}: {o['evalue']}" for o in cell["outputs"] if "evalue" in o]
    return failed


def _root(text: str, lost: dict[str, str]) -> str:
    """Why the name is lost that a NameError tells of; empty where nothing is known of it."""
    missing = re.search(r"name '(\w+)' is not", text)
    return lost.get(missing[1], "") if missing else ""


def _spoken(i: str, number: int, source: str) -> str:
    """How a learner's cell is spoken of."""
    if i:
        return f"the cell `{i}`"
    first = next((line.strip() for line in source.split("\n") if line.strip()), "")
    return f"your cell number {number}, which begins `{shortened(first, 40)}`,"


def _concluded(session: LearnerSession, failed: list[str]) -> tuple[State, str]:
    """The state of a submission that was run, and the reason for it."""
    if session.stops:
        timed_out = isinstance(session.stops[0], TimeoutError)
        reason = "; ".join(dict.fromkeys(map(str, session.stops)))
        return State.TIMED_OUT if timed_out else State.CRASHED, reason
    if failed:
        return State.FAILED_TESTS, _short(failed)
    return State.GRADED, ""


def _inside(cell: dict) -> Inside:
    source = "\n".join(visible(cell["source"]).values())
    return Inside(source, _makes(source), _reads(source))


def _makes(source: str) -> set[str]:
    """The names that a cell gives a value to, or that it may, where it is no plain Python."""
    try:
        return set(_defined(ast.parse(source)))
    except UNPARSABLE:
        return set(re.findall(r"(?m)^(?:def\s+|class\s+)?(\w+)\s*[=(:]", source))


def _reads(source: str) -> set[str]:
    """The names that a cell reads of its session, or that it may, where it is no plain Python."""
    try:
        return set(_global(symtable.symtable(source, "", "exec")))
    except UNPARSABLE:
        return set(re.findall(r"\w+", source))


def _global(scope: symtable.SymbolTable) -> Iterator[str]:
    for symbol in scope.get_symbols():
        if symbol.is_referenced() and (scope.get_type() == "module" or symbol.is_global()):
            yield symbol.get_name()
    for inner in scope.get_children():
        yield from _global(inner)


def _needed(master: Master, cells: list[dict]) -> set[str]:
    """The locked cells, and the visible halves of tests, that the learner's code may notice.

    They make a name that it reads, or one that another of them reads. The sandbox can do without
    the others: the cell `checks` takes as long to run as all the rest.
    """
    learners = [c["source"] for c in cells if c["cell_type"] == "code" and not is_locked(c)]
    reads = set().union(*map(_reads, learners))
    if reads & LOOKS_AROUND:
        return set(master.inside)
    needed: set[str] = set()
    while more := {i for i, c in master.inside.items() if i not in needed and c.makes & reads}:
        needed |= more
        reads |= set().union(*(master.inside[i].reads for i in more))
    return needed


def _short(failed: list[str]) -> str:
    """The first failure in a line, and how many more there are."""
    test, _, text = failed[0].partition(": ")
    fault, _, sentence = text.partition("→")
    said = " ".join((sentence or fault).split())
    more = f" (+{len(failed) - 1} more)" if failed[1:] else ""
    return f"{test}: {said}{more}"


def refuse(master: dict, state: State, reason: str) -> Verdict:
    """The verdict on what cannot be judged: the bare exercise, each test failed for this reason."""
    empty = [
        {"type": "markdown", "source": "", "id": meta(c).get("grade_id")} for c in master["cells"]
    ]
    notebook = restore(master, [c for c in empty if c["id"]])
    said = f"{state}: {reason}"
    for cell in notebook["cells"]:
        if is_test(cell) and cell["cell_type"] == "code":
            cell["outputs"] = [error_output("NotGraded", said, said)]
    notebook["cells"].insert(0, _notice(state, reason))
    return {"state": state, "reason": reason, "notebook": notebook}


def _test(
    master: Master,
    i: str,
    session: LearnerSession,
    lost: dict[str, str],
    answers: dict[str, Callable],
    theirs: set[str],
) -> list[dict]:
    """Run a test cell here; its outputs, in which nothing of a hidden test is told.

    The functions that it stands on are taken from `answers`, so that one slip counts once.
    """
    test, printed = master.tests[i], io.StringIO()
    value: Any = None
    error: BaseException | None = None
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        try:
            session.arguments.clear()
            lent = {name: answers[name] for name in test.stand_ins if name in answers}
            session.lend(lent)
            for name in (*test.needs, *lent):
                session.look(name, master.names)
            exec(test.body, master.names)
            if test.last:
                value = eval(test.last, master.names)
        except BaseException as raised:
            error = raised
    outputs = [stream(clean(printed.getvalue(), MAX_PRINTED))] if printed.getvalue() else []
    if error is not None:
        return [*outputs, _told(test, i, error, lost, theirs)]
    if isinstance(value, Remote):
        said = "the test's result is no number"
        return [*outputs, error_output("TypeError", said, said)]
    if isinstance(value, (int, float, np.number)) and not isinstance(value, bool):
        # nbgrader would give full marks for a negative number or nan, and fail on one too large
        [points] = [
            meta(c)["points"] for c in master.notebook["cells"] if meta(c).get("grade_id") == i
        ]
        value = float(min(max(value, 0), points)) if value == value else 0.0
    return outputs if value is None else [*outputs, result(clean(repr(value), 200))]


def _told(test: Test, i: str, error: BaseException, lost: dict[str, str], theirs: set[str]) -> dict:
    """What the feedback says of a failed test."""
    lines: list[int] = []
    one: BaseException | None = error
    while one is not None:
        frames = traceback.walk_tb(one.__traceback__)
        lines += [line for frame, line in frames if frame.f_code.co_filename == f"<{i}>"]
        one = one.__cause__ or one.__context__
    text = str(error)
    if isinstance(error, NameError) and (root := _root(text, lost)):
        text = f"{root}; so {text}"
    elif missing := re.search(r"name '(\w+)' is not", text):
        near = difflib.get_close_matches(missing[1], sorted(theirs), 1, 0.8)
        text += f"; there is `{near[0]}`, is it misspelt?" if near else ""
    if all(n in test.visible for n in lines):
        where = (
            "this line of the test failed:\n    " + test.visible[lines[0]].strip() if lines else ""
        )
    else:
        where = "a hidden test failed"
        text = re.split(NUMBERS_OF_NUMPY, text, maxsplit=1)[0].strip()
    text = clean(text, 3000)
    kind = type(error).__name__
    return error_output(kind, text, f"{where}\n{kind}: {text}".strip())


def _notice(state: str, reason: str) -> dict:
    source = f"**What happened to this submission**{as_text(f'{state}: {reason}')}"
    return {"cell_type": "markdown", "id": "notice", "metadata": {}, "source": source}
