"""Nothing is answered."""

BLANK = True
