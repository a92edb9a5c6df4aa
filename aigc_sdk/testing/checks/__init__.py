"""The checks, by what they look at. Each is a test method whose docstring says what it means; suite.py joins them.

A check takes the fixture ``aigc_subject``: the plugin under test (:class:`~aigc_sdk.testing.subject.Subject`).
"""
