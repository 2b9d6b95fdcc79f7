"""Put notebooks into the state in which they are committed.

usage: python -m release.notebook_format [--run | --check] [NOTEBOOK …]

A committed notebook has no outputs, but for the text of the cells that begin with
`# NBVAL_CHECK_OUTPUT`: those are the numbers that the prose states, and nbval compares them with a
fresh run.
  --run    execute first, so that marked cells get their outputs anew
  --check  change nothing, name what is untidy and end with 1
"""

import argparse
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course import ROOT

MARK = "# NBVAL_CHECK_OUTPUT"


def tidy(nb: NotebookNode) -> NotebookNode:
    """A copy of `nb` in its committed state."""
    nb = nbformat.from_dict(nb)
    nb.nbformat, nb.nbformat_minor = 4, 5
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    nb.metadata = nbformat.from_dict({"kernelspec": kernel, "language_info": {"name": "python"}})
    for i, cell in enumerate(nb.cells):
        cell.setdefault("id", f"cell-{i:02}")
        for transient in ("execution", "trusted", "collapsed", "scrolled"):
            cell.metadata.pop(transient, None)
        cell.pop("attachments", None)
        cell.source = "\n".join(line.rstrip() for line in cell.source.strip("\n").split("\n"))
        if cell.cell_type != "code":
            continue
        kept = _texts(cell.outputs) if cell.source.startswith(MARK) else []
        cell.outputs = kept
        # nbval compares nothing in a cell that was never executed, so a marked one says it was.
        cell.execution_count = 1 if kept else None
    return nb


def _texts(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Printed text and plain-text results, neighbouring streams joined."""
    kept: list[NotebookNode] = []
    for out in outputs:
        if out.output_type == "stream" and out.name == "stdout":
            if kept and kept[-1].output_type == "stream":
                kept[-1].text += out.text
            else:
                kept.append(nbformat.v4.new_output("stream", name="stdout", text=out.text))
        elif out.output_type == "execute_result":
            plain = {"text/plain": out.data["text/plain"]}
            kept.append(nbformat.v4.new_output("execute_result", plain, execution_count=1))
        else:
            raise ValueError(
                f"a marked cell may print text and nothing else; it has {out.output_type}"
            )
    return kept


def execute(nb: NotebookNode, folder: Path) -> None:
    """Run all cells of `nb` in `folder`, as Jupyter would."""
    from nbclient import NotebookClient

    NotebookClient(nb, timeout=300, resources={"metadata": {"path": str(folder)}}).execute()


def notebooks() -> list[Path]:
    """All notebooks that people write: the chapters and the solutions."""
    return sorted([*ROOT.glob("book/*.ipynb"), *ROOT.glob("solutions/*/*.ipynb")])


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("notebooks", nargs="*", type=Path)
    parser.add_argument("--run", action="store_true")
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args(argv)
    untidy = []
    for path in args.notebooks or notebooks():
        before = path.read_text(encoding="utf-8")
        nb = nbformat.reads(before, as_version=4)
        if args.run:
            execute(nb, path.parent)
        after = nbformat.writes(tidy(nb)) + "\n"
        if after != before:
            untidy.append(path)
            if not args.check:
                path.write_text(after, encoding="utf-8")
    for path in untidy:
        print(f"{path}: {'untidy, run `make format`' if args.check else 'tidied'}")
    return 1 if args.check and untidy else 0


if __name__ == "__main__":
    sys.exit(main())
