"""Nothing is answered."""
