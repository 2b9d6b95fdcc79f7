"""Everything is right."""
