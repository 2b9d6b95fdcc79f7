"""Runs cells of an exercise in the page's Python as the notebook would: in order, one namespace.

worker.js loads this file into Pyodide; tests load it into CPython, for nothing in it knows of a
browser. What it says travels as plain data (JSON): one event a cell, while they run.
"""

import ast
import linecache
import sys
import traceback
import types
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from typing import Any

MOST_PRINTED = 10_000  # characters of one cell
MOST_SAID = 4_000  # characters of one error
MOST_STEPS = 300  # lines of a trace
MOST_VALUES = 200  # numbers of one array in a trace


class _Printed:
    """What a cell prints, up to a length; the rest is counted and thrown away."""

    def __init__(self):
        self.text, self.lost = "", 0

    def write(self, text: str) -> int:
        room = MOST_PRINTED - len(self.text)
        self.text += text[:room]
        self.lost += max(0, len(text) - room)
        return len(text)

    def flush(self) -> None:
        pass

    def __str__(self) -> str:
        return self.text + (f"\n… {self.lost:,} more characters" if self.lost else "")


def run(cells: list[dict], tell: Callable[[dict], Any]) -> dict:
    """Execute `cells`, each {"id", "kind", "source"}, in a fresh namespace, and say how each ended.

    `tell` gets {"id", "began": True} before a cell and {"id", "ok", "printed", "error", "line",
    "cell"} after it. `line` is the line of the learner's cell `cell` in which an error arose.

    Returns:
        the namespace.
    """
    module = types.ModuleType("__main__")
    before, sys.modules["__main__"] = sys.modules["__main__"], module
    answers = {f"<{cell['id']}>": cell["id"] for cell in cells if cell["kind"] == "answer"}
    try:
        for cell in cells:
            tell({"id": cell["id"], "began": True})
            tell({"id": cell["id"], **_run_one(cell, module.__dict__, answers)})
    finally:
        sys.modules["__main__"] = before
    return module.__dict__


def answer(job: dict, tell: Callable[[dict], Any]) -> dict:
    """Do what the page asks with {"cells"}: run them; with "shapes", trace "function"; with "file",
    draw the figure of "function"."""
    if "file" in job:
        return _figure(job["cells"], job["function"], job["file"])
    if "function" in job:
        return trace(job["cells"], job["function"], job["shapes"])
    run(job["cells"], tell)
    return {}


def _figure(cells: list[dict], function: str, file: str) -> dict:
    """What `figures.draw` says of the learner's function, or {"error"}."""
    import figures
    import numpy as np

    try:
        answer = run(cells, lambda event: None)[function]
        with np.load(file) as data, redirect_stdout(_Printed()), redirect_stderr(_Printed()):
            return figures.draw(function, answer, data)
    except Exception as error:
        return {"error": _said(error)}


def _run_one(cell: dict, names: dict, answers: dict[str, str]) -> dict:
    printed, file = _Printed(), f"<{cell['id']}>"
    linecache.cache[file] = len(cell["source"]), None, cell["source"].splitlines(True), file
    result: dict[str, Any] = {"ok": True, "error": "", "line": 0, "cell": ""}
    with redirect_stdout(printed), redirect_stderr(printed):
        try:
            body, last = _compiled(cell["source"], file)
            exec(body, names)
            if last is not None and (value := eval(last, names)) is not None:
                print(repr(value))
        except BaseException as error:  # SystemExit and KeyboardInterrupt are the cell's, too
            result |= {"ok": False, "error": _said(error), **_where(error, answers)}
    return result | {"printed": str(printed)}


@cache
def _compiled(source: str, file: str) -> tuple[Any, Any]:
    """The statements of a cell and, as in a notebook, the value of its last line."""
    tree = ast.parse(source, file)
    last = None
    end = tree.body[-1] if tree.body else None
    if isinstance(end, ast.Expr) and not source.rstrip().endswith(";"):
        tree.body.pop()
        last = compile(ast.Expression(end.value), file, "eval")
    return compile(tree, file, "exec"), last


def _said(error: BaseException) -> str:
    if isinstance(error, ModuleNotFoundError):
        return (
            f"ModuleNotFoundError: there is no {error.name} on this page. Exercises need numpy and "
            "the standard library alone; where you want more, download the notebook."
        )
    text = "".join(traceback.format_exception_only(error)).strip()
    if isinstance(error, SyntaxError):
        text = f"{type(error).__name__}: {error.msg}"
    if isinstance(error, RecursionError):
        text += " (a function calls itself without end)"
    text = text.removeprefix("AssertionError: ")
    return text if len(text) <= MOST_SAID else text[:MOST_SAID] + " …"


def _where(error: BaseException, answers: dict[str, str]) -> dict:
    """The last line of the learner's own code on the way to the error."""
    if isinstance(error, SyntaxError) and error.filename in answers:
        return {"line": error.lineno or 0, "cell": answers[error.filename]}
    link: BaseException | None = error
    while link is not None:
        frames = traceback.extract_tb(link.__traceback__)
        for frame in reversed(frames):
            if frame.filename in answers:
                return {"line": frame.lineno or 0, "cell": answers[frame.filename]}
        link = link.__cause__ or link.__context__
    return {"line": 0, "cell": ""}


# ---- watch it run --------------------------------------------------------------------------------
def trace(cells: list[dict], function: str, shapes: dict[str, list[str]]) -> dict:
    """Follow the first call of `function` in the last of `cells`, line by line.

    Args:
        shapes: what the statement says of the arrays by name, as in {"x": ["(d,)", "(B, d)"]}.

    Returns:
        {"steps": [{"line", "changed": [{"name", "kind", "shape", "values"}], "odd"}], "error",
        "more"}. `odd` is a sentence at the first array whose shape is not what the statement says.
    """
    *before, example = cells
    names = run(before, lambda event: None)
    watch = _Watch(function, shapes)
    module = types.ModuleType("__main__")
    module.__dict__.update(names)
    old = sys.gettrace()
    sys.settrace(watch)
    try:
        body, _ = _compiled(example["source"], f"<{example['id']}>")
        with redirect_stdout(_Printed()), redirect_stderr(_Printed()):
            exec(body, module.__dict__)
    except BaseException as error:
        watch.error = watch.error or ("" if watch.done else _said(error))
    finally:
        sys.settrace(old)
    return {"steps": watch.steps, "error": watch.error, "more": watch.more}


class _Watch:
    """The tracer of one call: what each line changed."""

    def __init__(self, function: str, shapes: dict[str, list[str]]):
        self.function, self.shapes = function, shapes
        self.steps: list[dict] = []
        self.error, self.more, self.done = "", 0, False
        self.seen: dict[str, Any] = {}
        self.sizes: dict[str, int] = {}
        self.frame: Any = None
        self.line = 0
        self.odd = False
        self.forms = 0  # how many shapes an array may have, and which of them it is here
        self.form: int | None = None

    def __call__(self, frame: Any, event: str, arg: Any) -> Any:
        code = frame.f_code
        if self.done or code.co_name != self.function or code.co_filename != f"<{self.function}>":
            return None
        if self.frame is not None:
            return None  # a call within the call
        self.frame = frame
        self._note(frame, code.co_firstlineno)
        return self._local

    def _local(self, frame: Any, event: str, arg: Any) -> Any:
        if event == "line":
            self.error = ""  # what was raised before was caught
            if self.line:
                self._note(frame, self.line)
            self.line = frame.f_lineno
        elif event == "exception":
            self.error = f"{arg[0].__name__}: {arg[1]}"[:MOST_SAID]
        elif event == "return":
            result = {} if self.error else {"return": arg}
            self._note(frame, self.line or frame.f_lineno, result)
            self.done = True
        return self._local

    def _note(self, frame: Any, line: int, more: dict | None = None) -> None:
        if len(self.steps) >= MOST_STEPS:
            self.more += 1
            return
        now = {**frame.f_locals, **(more or {})}
        changed = [n for n, v in now.items() if n not in self.seen or self._differs(n, v)]
        self.seen |= {n: _kept(now[n]) for n in changed}
        step = {"line": line, "changed": [_described(n, now[n]) for n in changed], "odd": ""}
        for name in changed:
            step["odd"] = step["odd"] or self._odd(name, now[name])
        self.steps.append(step)

    def _differs(self, name: str, value: Any) -> bool:
        old = self.seen[name]
        if hasattr(value, "shape") and hasattr(old, "shape"):
            return old.shape != value.shape or old.tobytes() != value.tobytes()
        return repr(old)[:1000] != repr(value)[:1000]

    def _odd(self, name: str, value: Any) -> str:
        """What is wrong with the shape of `name`, the first time that something is."""
        forms = self.shapes.get(name)
        if self.odd or not forms or not hasattr(value, "shape"):
            return ""
        # Without a batch or with one: what the first array is, all are.
        allowed = forms if self.form is None or len(forms) != self.forms else [forms[self.form]]
        for form in allowed:
            letters = [part.strip() for part in form.strip("()").split(",") if part.strip()]
            sizes = dict(self.sizes)
            if len(letters) == len(value.shape) and all(
                sizes.setdefault(k, n) == n for k, n in zip(letters, value.shape, strict=True)
            ):
                self.sizes = sizes
                if len(forms) > 1 and self.form is None:
                    self.forms, self.form = len(forms), forms.index(form)
                return ""
        self.odd = True
        meant = " or ".join(allowed)
        where = ", ".join(f"{k} = {n}" for k, n in self.sizes.items())
        what = "the result" if name == "return" else name
        return f"{what} has shape {value.shape}; the statement says {meant}, here with {where}"


def _kept(value: Any) -> Any:
    return value.copy() if hasattr(value, "shape") and hasattr(value, "copy") else value


def _described(name: str, value: Any) -> dict:
    shape = str(value.shape) if hasattr(value, "shape") else ""
    kind = type(value).__name__ if not shape else str(getattr(value, "dtype", ""))
    if hasattr(value, "size") and shape:
        flat = value.reshape(-1)[:MOST_VALUES] if value.size > MOST_VALUES else value
        text = _numbers(flat) + (" …" if value.size > MOST_VALUES else "")
    else:
        text = repr(value)
        text = text if len(text) <= 300 else text[:300] + " …"
    return {"name": name, "kind": kind, "shape": shape, "values": text}


def _numbers(array: Any) -> str:
    import numpy as np

    return np.array2string(array, precision=3, suppress_small=True, threshold=MOST_VALUES + 1)
