"""How the book becomes pages, paper and practice."""
