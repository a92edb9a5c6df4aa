"""A local server that speaks the Google Ads API over TLS gRPC. It keeps what it is given, and answers GAQL from it."""

from __future__ import annotations

import hashlib
import importlib
import re
from collections import defaultdict
from concurrent import futures

import grpc
from google.ads.googleads.v26.errors.types.errors import GoogleAdsFailure
from google.ads.googleads.v26.services.types.google_ads_service import GoogleAdsRow, SearchGoogleAdsResponse
from google.protobuf.field_mask_pb2 import FieldMask
from google.rpc.status_pb2 import Status

from . import gaql, google_rules
from .google_rules import Refused

PACKAGE = "google.ads.googleads.v26"
TRAILER = f"{PACKAGE}.errors.googleadsfailure-bin"
KINDS = {
    "asset": ("AssetService", "MutateAssets", "assets"),
    "ad_group_ad": ("AdGroupAdService", "MutateAdGroupAds", "adGroupAds"),
    "ad": ("AdService", "MutateAds", "ads"),
    "ad_group_asset": ("AdGroupAssetService", "MutateAdGroupAssets", "adGroupAssets"),
    "asset_group": ("AssetGroupService", "MutateAssetGroups", "assetGroups"),
    "asset_group_asset": ("AssetGroupAssetService", "MutateAssetGroupAssets", "assetGroupAssets"),
}


def _type(service: str, name: str):
    module = re.sub(r"(?<!^)(?=[A-Z])", "_", service).lower()
    return getattr(importlib.import_module(f"{PACKAGE}.services.types.{module}"), name)


def _element(part: str) -> dict[str, object]:
    name, _, index = part.rstrip("]").partition("[")
    return {"field_name": name, "index": int(index)} if index else {"field_name": name}


def failure_of(refused: Refused) -> GoogleAdsFailure:
    failure = GoogleAdsFailure(request_id="request-1")
    for place, code, message in refused.errors:
        kind, _, value = code.partition(".")
        path = [
            {
                "field_name": part.partition("[")[0],
                **({"index": int(part[:-1].partition("[")[2])} if "[" in part else {}),
            }
            for part in place.split(".")
            if part
        ]
        details = {}
        if "topic" in refused.details:
            entry = {"topic": refused.details["topic"], "type_": "PROHIBITED"}
            details["policy_finding_details"] = {"policy_topic_entries": [entry]}
        if "retry_s" in refused.details:
            details["quota_error_details"] = {"retry_delay": {"seconds": refused.details["retry_s"]}}
        failure.errors.append(
            {
                "error_code": {kind: value},
                "message": message,
                "location": {"field_path_elements": path},
                "details": details,
            }
        )
    return failure


class GoogleServer:
    """Attributes:
    kept: messages by kind and resource name. calls: methods in order. faults: by method, each used once.
    """

    def __init__(self, key: bytes, certificate: bytes) -> None:
        self.kept: dict[str, dict[str, object]] = defaultdict(dict)
        self.calls: list[str] = []
        self.metadata: list[dict[str, str]] = []
        self.faults: dict[str, list] = defaultdict(list)
        self.tokens = {"access"}
        self.brand = True
        self.metrics: list[tuple[str, str, int, int]] = []
        self._sizes: dict[str, tuple[int, int]] = {}
        self._last = 1000
        self._server = grpc.server(futures.ThreadPoolExecutor(4))
        self._server.add_generic_rpc_handlers(tuple(self._handlers()))
        credentials = grpc.ssl_server_credentials([(key, certificate)])
        self.port = self._server.add_secure_port("127.0.0.1:0", credentials)
        self._server.start()
        self.place("ad_group", "adGroups/7", name="Mugs", campaign="customers/1/campaigns/5", status="ENABLED", id=7)
        self.place("campaign", "campaigns/5", name="Autumn", status="PAUSED", advertising_channel_type="SEARCH", id=5)
        self.place("customer", "", id=1, descriptive_name="Hearthline", status="ENABLED")

    def stop(self) -> None:
        self._server.stop(0).wait()

    def place(self, kind: str, path: str, **fields) -> None:
        """Puts something in that the adapter does not make."""
        row = GoogleAdsRow()
        found = getattr(row, kind)
        resource = f"customers/1/{path}".rstrip("/")
        self.kept[kind][resource] = type(found)(resource_name=resource, **fields)

    def alive(self, kind: str) -> dict[str, object]:
        return {name: one for name, one in self.kept[kind].items() if one.status.name != "REMOVED"}

    # --- the wire -------------------------------------------------------------------------------------------------

    def _handlers(self):
        methods = defaultdict(dict)
        for kind, (service, method, _) in KINDS.items():
            methods[service][method] = lambda request, kind=kind: self._mutate(kind, request)
        methods["GoogleAdsService"] = {"Search": self._search, "Mutate": self._mutate_all}
        names = {"Search": ("SearchGoogleAdsRequest", "SearchGoogleAdsResponse"), "Mutate": ("MutateGoogleAds",) * 2}
        for service, own in methods.items():
            handlers = {}
            for method, function in own.items():
                request, answer = names.get(method, (f"{method}",) * 2)
                request = _type(service, request if request.endswith("Request") else f"{request}Request")
                answer = _type(service, answer if answer.endswith("Response") else f"{answer}Response")
                handlers[method] = grpc.unary_unary_rpc_method_handler(
                    self._guarded(method, function),
                    request_deserializer=request.deserialize,
                    response_serializer=answer.serialize,
                )
            yield grpc.method_handlers_generic_handler(f"{PACKAGE}.services.{service}", handlers)

    def _guarded(self, method: str, function):
        def handle(request, context):
            self.calls.append(method)
            metadata = dict(context.invocation_metadata())
            self.metadata.append(metadata)
            fault = self.faults[method].pop(0) if self.faults[method] else None
            try:
                if metadata.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
                    raise Refused(("", "authentication_error.OAUTH_TOKEN_INVALID", "Invalid token."))
                if metadata.get("developer-token") != "developer-secret":
                    raise Refused(("", "authentication_error.DEVELOPER_TOKEN_INVALID", "Invalid developer token."))
                if fault and fault["when"] == "before":
                    self._break(fault, context)
                answer = function(request)
                if fault:
                    self._break(fault, context)
                return answer
            except gaql.BadQuery as error:
                self._abort(Refused(("", "query_error.UNRECOGNIZED_FIELD", str(error))), context)
            except Refused as refused:
                self._abort(refused, context)

        return handle

    def _break(self, fault, context) -> None:
        if isinstance(fault["what"], Refused):
            self._abort(fault["what"], context, fault.get("status", grpc.StatusCode.INVALID_ARGUMENT))
        context.abort(fault["what"], "broken")

    def _abort(self, refused: Refused, context, status=grpc.StatusCode.INVALID_ARGUMENT) -> None:
        if refused.errors[0][1].startswith("authentication_error"):
            status = grpc.StatusCode.UNAUTHENTICATED
        context.set_trailing_metadata(
            ((TRAILER, GoogleAdsFailure.serialize(failure_of(refused))), ("request-id", "request-1"))
        )
        context.abort(status, "Request contains an invalid argument.")

    # --- keeping --------------------------------------------------------------------------------------------------

    def _mutate(self, kind: str, request):
        service, method, _ = KINDS[kind]
        answer = _type(service, f"{method}Response")()
        failures = GoogleAdsFailure()
        for operation in request.operations:
            try:
                answer.results.append({"resource_name": self._apply(kind, operation, {})})
            except Refused as refused:
                if not getattr(request, "partial_failure", False):
                    raise
                failures.errors.extend(failure_of(refused).errors)
                answer.results.append({})
        if failures.errors:
            status = Status(code=3, message="Multiple errors in 'details'.")
            status.details.add().Pack(GoogleAdsFailure.pb(failures))
            answer.partial_failure_error = status
        return answer

    def _apply(self, kind: str, operation, names: dict[str, str]) -> str:
        which = type(operation).pb(operation).WhichOneof("operation")
        if which == "remove":
            if operation.remove not in self.alive(kind):
                raise Refused(("remove", "mutate_error.RESOURCE_NOT_FOUND", "not found"))
            self.kept[kind][operation.remove].status = "REMOVED"
            return operation.remove
        if which == "update":
            return self._update(kind, operation)
        return self._create(kind, operation.create, names)

    def _update(self, kind: str, operation) -> str:
        name = operation.update.resource_name
        held = self._ad(name) if kind == "ad" else self.kept[kind].get(name)
        if held is None:
            raise Refused(("update", "mutate_error.RESOURCE_NOT_FOUND", "not found"))
        trial = type(held)(held)
        paths = list(operation.update_mask.paths)
        FieldMask(paths=paths).MergeMessage(
            type(held).pb(operation.update),
            type(held).pb(trial),
            replace_message_field=True,
            replace_repeated_field=True,
        )
        if kind == "ad":
            google_rules.ad(trial, self._sizes)
        type(held).copy_from(held, trial)
        return name

    def _ad(self, name: str):
        number = name.rpartition("/")[2]
        found = (one for key, one in self.alive("ad_group_ad").items() if key.endswith(f"~{number}"))
        return next((one.ad for one in found), None)

    def _create(self, kind: str, message, names: dict[str, str]) -> str:
        self._last += 1
        number = f"{self._last}"
        if kind == "asset":
            if (existing := self._same_asset(message)) is not None:
                names[message.resource_name] = existing
                return existing
            if message.image_asset.data:
                self._sizes[f"customers/1/assets/{number}"] = google_rules.image(message.image_asset.data)
        elif kind == "ad_group_ad":
            if message.ad_group not in self.kept["ad_group"]:
                raise Refused(("create.ad_group", "mutate_error.RESOURCE_NOT_FOUND", "no such ad group"))
            google_rules.ad(message.ad, self._sizes)
            number = f"{message.ad_group.rpartition('/')[2]}~{number}"
        elif kind == "ad_group_asset":
            wide, high = self._sizes[message.asset]
            if min(wide, high) < 300:
                raise Refused(("create.asset", "asset_link_error.IMAGE_NOT_WITHIN_SPECIFIED_DIMENSION_RANGE", "size"))
            number = "~".join((message.ad_group.rpartition("/")[2], message.asset.rpartition("/")[2], "AD_IMAGE"))
        elif kind == "asset_group" and any(one.name == message.name for one in self.alive(kind).values()):
            raise Refused(("create.name", "asset_group_error.DUPLICATE_NAME", "name is taken"))
        elif kind == "asset_group_asset":
            message.asset_group = names.get(message.asset_group, message.asset_group)
            message.asset = names.get(message.asset, message.asset)
            parts = (message.asset_group, message.asset)
            number = "~".join((*(part.rpartition("/")[2] for part in parts), message.field_type.name))
        resource = f"customers/1/{KINDS[kind][2]}/{number}"
        names[message.resource_name] = resource
        message.resource_name = resource
        self.kept[kind][resource] = message
        return resource

    def _same_asset(self, message) -> str | None:
        """Google keeps the same picture once, and refuses it under another name."""
        data = message.image_asset.data or message.text_asset.text.encode()
        for name, one in self.kept["asset"].items():
            own = one.image_asset.data or one.text_asset.text.encode()
            if hashlib.sha256(own).digest() == hashlib.sha256(data).digest():
                if message.name and one.name != message.name:
                    code = "asset_error.DUPLICATE_ASSETS_WITH_DIFFERENT_FIELD_VALUE"
                    raise Refused(("create.name", code, "the same content under another name"))
                return name
        return None

    def _mutate_all(self, request):
        """All or nothing, with temporary names."""
        before = {kind: dict(kept) for kind, kept in self.kept.items()}
        names: dict[str, str] = {}
        answer = _type("GoogleAdsService", "MutateGoogleAdsResponse")()
        groups = set()
        try:
            for operation in request.mutate_operations:
                field = type(operation).pb(operation).WhichOneof("operation")
                kind = field.removesuffix("_operation")
                name = self._apply(kind, getattr(operation, field), names)
                answer.mutate_operation_responses.append({f"{kind}_result": {"resource_name": name}})
                groups |= {name} if kind == "asset_group" else set()
            for group in groups:
                own = [one for one in self.alive("asset_group_asset").values() if one.asset_group == group]
                assets = self.kept["asset"]
                links = [(one.field_type.name, assets[one.asset].text_asset.text or one.asset) for one in own]
                google_rules.asset_group(links, self._sizes, brand=self.brand)
        except Refused:
            self.kept.clear()
            self.kept.update(before)
            raise
        return answer

    # --- searching ------------------------------------------------------------------------------------------------

    def _search(self, request):
        fields, resource, conditions = gaql.parse(request.query)
        rows = [row for row in self._rows(resource, fields) if all(gaql.holds(row, one) for one in conditions)]
        return SearchGoogleAdsResponse(results=[gaql.only(row, fields) for row in rows])

    def _rows(self, resource: str, fields: list[str]):
        for name, one in list(self.kept[resource].items()):
            row = {resource: one}
            if resource == "asset_group_asset":
                row["asset"] = self.kept["asset"][one.asset]
            if not any(field.startswith("metrics.") for field in fields):
                yield GoogleAdsRow(row)
                continue
            for owner, day, impressions, clicks in self.metrics:
                if owner == name:
                    numbers = {"impressions": impressions, "clicks": clicks}
                    yield GoogleAdsRow({**row, "segments": {"date": day}, "metrics": numbers})
