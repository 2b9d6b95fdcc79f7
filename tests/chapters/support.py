"""A chapter's functions, and PyTorch's numbers to compare theirs with."""

import ast
import sys

import nbformat
import numpy as np
import torch

from course import ROOT


def functions(chapter: str) -> dict:
    """The names that `chapter`'s imports and function definitions bind; nothing else of it runs."""
    nb = nbformat.read(ROOT / f"book/{chapter}.ipynb", as_version=4)
    body = []
    for cell in nb.cells:
        if cell.cell_type == "code":
            body += ast.parse(cell.source).body
    kept = [
        node for node in body if isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef)
    ]
    names: dict = {}
    assert str(ROOT / "book") in sys.path, "pyproject.toml puts book/ on the path"
    exec(compile(ast.Module(kept, type_ignores=[]), f"{chapter}.ipynb", "exec"), names)
    return names


def t(array) -> torch.Tensor:
    """An array as a tensor."""
    return torch.as_tensor(array)


def close(ours, theirs: torch.Tensor) -> None:
    """Assert that our numbers are PyTorch's, to ten digits."""
    np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=1e-10, atol=1e-10)
