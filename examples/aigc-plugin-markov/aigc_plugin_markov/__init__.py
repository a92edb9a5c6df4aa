"""A Markov chain as a text plugin for aigc-sdk."""

__version__ = "1.0.0"
