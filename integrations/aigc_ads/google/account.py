"""One ad account: connected when it is first asked, every call with a time-out, every error of our tree."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from aigc_sdk.contract.adapter import Credentials
from aigc_sdk.contract.errors import AdapterError, InvalidRequest, first_line
from aigc_sdk.contract.http import checked_url

from ..ad import account_number
from ..patience import Patience, timeout_s
from . import errors

if TYPE_CHECKING:
    from google.ads.googleads.client import GoogleAdsClient

VERSION = "v26"
_IMPORTING = threading.Lock()


class Account:
    """Args: credentials: of the manifest. sleep: for tests."""

    def __init__(self, credentials: Credentials, sleep: Callable[[float], None] | None = None) -> None:
        self._given = credentials
        self._patience = Patience(errors.read, sleep)

    @cached_property
    def customer(self) -> str:
        """Its id."""
        return account_number(self._given["customer_id"], "customer_id", errors.ADAPTER)

    def name(self, kind: str, number: str) -> str:
        """A resource name: ``customers/1/campaigns/2``."""
        return f"customers/{self.customer}/{kind}/{number}"

    @cached_property
    def client(self) -> GoogleAdsClient:
        """The official client. Its import takes seconds, so it is done when it is first needed."""
        with _IMPORTING:  # its modules do not stand being imported twice at once
            from google.ads.googleads.client import GoogleAdsClient

        # It writes a line to stderr for every refusal, which is told as an error already.
        logging.getLogger("google.ads.googleads").addHandler(logging.NullHandler())
        manager = self._given["login_customer_id"]
        return GoogleAdsClient(
            credentials=self._tokens,
            developer_token=self._given.secret("developer_token").get_secret_value(),
            endpoint=_checked_endpoint(self._given["endpoint"]),
            login_customer_id=account_number(manager, "login_customer_id", errors.ADAPTER) if manager else None,
            version=VERSION,
            use_proto_plus=True,
        )

    @cached_property
    def _tokens(self) -> Any:
        from google.oauth2.credentials import Credentials as Tokens

        return Tokens(
            token=None,
            refresh_token=self._given.secret("refresh_token").get_secret_value(),
            client_id=self._given["client_id"],
            client_secret=self._given.secret("client_secret").get_secret_value(),
            token_uri=checked_url(self._given["token_uri"], errors.ADAPTER),
        )

    @cached_property
    def _services(self) -> dict[str, Any]:
        return {}

    def _service(self, name: str) -> Any:
        if name not in self._services:
            self._services[name] = self.client.get_service(name)
        return self._services[name]

    def _refreshed(self) -> None:
        """A refused token is an error of its own here; from inside a call it would come out as "no connection"."""
        if not self._tokens.valid:
            from google.auth.transport.requests import Request

            self._tokens.refresh(Request())

    def select(
        self,
        resource: str,
        fields: Sequence[str],
        where: Mapping[str, str | Sequence[str]] | None = None,
        *,
        alive: bool = True,
    ) -> list[Any]:
        """Rows of a resource.

        Args:
            fields: in full, such as ``asset.name``.
            where: what a field is, or one of; with ``LIKE`` or ``BETWEEN`` after the field's name, that.
            alive: without what was removed.

        Raises:
            AdapterError: the search was refused, or failed.
        """
        conditions = [_condition(field, value) for field, value in (where or {}).items()]
        conditions += [f"{resource}.status != 'REMOVED'"] if alive else []
        asked = ["WHERE", " AND ".join(conditions)] if conditions else []
        return self._search(" ".join(["SELECT", ", ".join(fields), "FROM", resource, *asked]))

    def _search(self, query: str) -> list[Any]:

        def ask() -> list[Any]:
            self._refreshed()
            service = self._service("GoogleAdsService")
            return list(service.search(customer_id=self.customer, query=query, timeout=timeout_s(), retry=None))

        return self._patience.call(ask, repeatable=True)

    def mutate(
        self, service: str, method: str, operations: Sequence[Any], *, repeatable: bool = False, partial: bool = False
    ) -> Any:
        """Creates, changes or removes, and returns the answer.

        Args:
            repeatable: it may be done twice. partial: what can be done is done, also where something else is refused
                (see :meth:`refused`); otherwise it is all or nothing.

        Raises:
            AdapterError: it was refused, or failed.
        """
        fields: dict[str, Any] = {"customer_id": self.customer, _operations_field(method): list(operations)}
        if partial:
            fields["partial_failure"] = True

        def ask() -> Any:
            self._refreshed()
            call = getattr(self._service(service), method)
            return call(request=fields, timeout=timeout_s(), retry=None)

        return self._patience.call(ask, repeatable=repeatable)

    def refused(self, answer: Any) -> AdapterError | None:
        """What of a partial mutate was refused; None if all was done."""
        status = getattr(answer, "partial_failure_error", None)
        failure = self.client.get_type("GoogleAdsFailure")
        for detail in status.details if status else ():
            found = type(failure).deserialize(detail.value)
            if found.errors:
                return errors.of_failure(found).error
        return None

    def message(self, name: str, fields: dict[str, Any]) -> Any:
        """A message of the API, such as ``AdGroupAdOperation``, from JSON-like fields.

        Raises:
            InvalidRequest: it has no such fields: a hook has changed the payload into something else.
        """
        try:
            return type(self.client.get_type(name))(fields)
        except (ValueError, TypeError, AttributeError) as error:
            what = f"{name} cannot hold this payload: {first_line(error)}"
            raise InvalidRequest(what, plugin=errors.ADAPTER) from error

    def close(self) -> None:
        """Closes the connections."""
        for service in self._services.values():
            service.transport.close()
        self._services.clear()


def _condition(field: str, value: str | Sequence[str]) -> str:
    name, _, operator = field.partition(" ")
    if isinstance(value, str):
        return f"{name} {operator or '='} {_quoted(value)}"
    if operator == "BETWEEN":
        return f"{name} BETWEEN {_quoted(value[0])} AND {_quoted(value[1])}"
    return f"{name} IN ({', '.join(map(_quoted, value))})"


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _operations_field(method: str) -> str:
    return "mutate_operations" if method == "mutate" else "operations"


def _checked_endpoint(endpoint: str) -> str:
    """Host and port, without a scheme: the client always uses TLS."""
    if not re.fullmatch(r"[A-Za-z0-9.-]+(:\d+)?", endpoint):
        raise InvalidRequest(f"endpoint {endpoint!r} is no host", plugin=errors.ADAPTER, fix="googleads.googleapis.com")
    return endpoint
