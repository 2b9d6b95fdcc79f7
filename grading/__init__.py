"""The way in: submissions -> verdicts -> marks."""

import sys


def skip_slow_imports() -> None:
    """Have jsonschema, which nbgrader reads notebooks with, do without the syntax of web addresses.

    It would build forty grammars for it when it is imported. No notebook needs them, and it takes
    as long as grading thirty. Call this before nbgrader is imported.
    """
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
