"""The Sphinx extensions of the book, a file each: `page_…` says what it does to a page."""
