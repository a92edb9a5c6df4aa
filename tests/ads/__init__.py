"""Adapters of ad platforms.

No ad platform runs on one machine, so these are contract tests: the platform's own client talks to a local server that
speaks its wire format, keeps what it is given and enforces the plainest of its rules. They prove the wire format, the
error mapping and that nothing is done twice; not that the platform accepts an ad.
"""
