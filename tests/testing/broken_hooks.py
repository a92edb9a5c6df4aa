"""Hooks with a wrong signature."""

from aigc_sdk import hookimpl


@hookimpl
def before_generate(req):
    return req
