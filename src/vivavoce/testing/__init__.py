"""Public: for our own tests and for authors of engines."""
