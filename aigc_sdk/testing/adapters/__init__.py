"""The adapter contract suite: a proxy that breaks things, a board to publish to, and the checks."""
