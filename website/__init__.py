"""How the book becomes pages, paper and practice."""

import sys

from course import ROOT

sys.path.append(str(ROOT / "book"))  # `lesson`, as chapters import it
