"""Sample arithmetic: pure functions and small buffers."""
