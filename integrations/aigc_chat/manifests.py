"""What the adapters of this package are. Imports no client library."""

from __future__ import annotations

from aigc_sdk.contract.adapter import AdapterManifest, Credential

_CAPABILITIES = ("media", "alt-text", "update", "unpublish")

MATRIX = AdapterManifest(
    name="matrix",
    version="1",
    kind="chat",
    system="Matrix",
    versions="client-server API 1.11, Synapse 1.163",
    licence="Apache-2.0",
    factory="aigc_chat.publishing.matrix:MatrixRoom",
    requires=("httpx",),
    extra="chat",
    credentials=(
        Credential(name="server", help="https://matrix.example.org, the homeserver's address"),
        Credential(name="room", help="#news:example.org or !id:example.org, where it is published"),
        Credential(name="user", default="", help="@shop:example.org, for a password"),
        Credential(name="password", secret=True, default="", help="the account's password"),
        Credential(name="token", secret=True, default="", help="an access token, in place of user and password"),
    ),
    states=("published",),
    capabilities=_CAPABILITIES,
)

SLACK = AdapterManifest(
    name="slack",
    version="1",
    kind="chat",
    system="Slack",
    versions="Web API of November 2026, contract-tested",
    licence="Apache-2.0",
    factory="aigc_chat.publishing.slack:SlackChannel",
    requires=("httpx",),
    extra="chat",
    credentials=(
        Credential(name="channel", help="id of the channel, such as C0123456789 (its details show it)"),
        Credential(name="token", secret=True, help="the app's bot token, xoxb-..."),
        Credential(name="url", default="https://slack.com/api", help="of the Web API"),
    ),
    states=("published",),
    capabilities=_CAPABILITIES,
)
