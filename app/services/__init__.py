"""Use cases: the only code that writes rows or decides a rule."""
