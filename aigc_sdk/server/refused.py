"""A request that never becomes a job."""

from __future__ import annotations

from ..contract.errors import AigcError


class Refused(AigcError):
    """A request that is refused before it becomes a job: no key, too large, too many.

    Args:
        retry_after_s: when to try again, for 429 and 503.
    """

    def __init__(
        self,
        status: int,
        kind: str,
        what: str,
        *,
        code: str,
        fix: str | None = None,
        param: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(what, fix=fix)
        self.status = status
        self.kind = kind
        self.name = code
        self.param = param
        self.retry_after_s = retry_after_s
