"""A photo of the homework, called a notebook."""

CONTENT = "not a notebook"
