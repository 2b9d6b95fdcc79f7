"""The way in: submissions -> verdicts -> marks."""

import sys

# jsonschema, which nbgrader reads notebooks with, would build forty grammars for the syntax of web
# addresses when it is imported. No notebook needs them, and it takes as long as grading thirty.
sys.modules.setdefault("rfc3987_syntax", None)
