"""What the adapters of this package are. Imports no client library."""

from __future__ import annotations

from aigc_sdk.contract.adapter import AdapterManifest, Credential

from . import strapi_fields, wagtail_fields

_LIBRARIES = ("httpx", "nh3")
_CAPABILITIES = ("media", "alt-text", "tags", "update", "unpublish")

WORDPRESS = AdapterManifest(
    name="wordpress",
    version="1",
    kind="cms",
    system="WordPress",
    versions="6.1",
    licence="Apache-2.0",
    factory="aigc_cms.wordpress:WordPress",
    requires=_LIBRARIES,
    extra="cms",
    credentials=(
        Credential(name="url", help="https://blog.example, the site's address"),
        Credential(name="user", help="the name of a user who may publish"),
        Credential(name="password", secret=True, help="an application password: Users > Profile in the site's admin"),
        Credential(name="author", default="", help="id of the author, if it is not the user"),
    ),
    states=("draft", "published", "scheduled"),
    capabilities=_CAPABILITIES,
)

GHOST = AdapterManifest(
    name="ghost",
    version="1",
    kind="cms",
    system="Ghost",
    versions="6.65",
    licence="Apache-2.0",
    factory="aigc_cms.ghost:Ghost",
    requires=(*_LIBRARIES, "jwt"),
    extra="cms",
    credentials=(
        Credential(name="url", help="https://blog.example, the site's address"),
        Credential(name="key", secret=True, help="an Admin API key: Settings > Integrations in the site's admin"),
        Credential(name="author", default="", help="e-mail address of the author, if it is not the owner"),
    ),
    states=("draft", "published", "scheduled"),
    capabilities=_CAPABILITIES,
)

STRAPI = AdapterManifest(
    name="strapi",
    version="1",
    kind="cms",
    system="Strapi",
    versions="5.54",
    licence="Apache-2.0",
    factory="aigc_cms.strapi:Strapi",
    requires=_LIBRARIES,
    extra="cms",
    credentials=(
        Credential(name="url", help="https://cms.example, the address of Strapi"),
        Credential(name="token", secret=True, help="an API token: Settings > API Tokens in Strapi's admin"),
        Credential(name="type", default="articles", help="the content type, as in the address of its API"),
        *strapi_fields.CREDENTIALS,
    ),
    states=("draft", "published"),
    capabilities=_CAPABILITIES,
)

WAGTAIL = AdapterManifest(
    name="wagtail",
    version="1",
    kind="cms",
    system="Wagtail",
    versions="8.0",
    licence="Apache-2.0",
    factory="aigc_cms.wagtail:Wagtail",
    requires=(*_LIBRARIES, "PIL"),
    extra="cms",
    credentials=(
        Credential(name="url", help="https://site.example/api/v3, the address of the API"),
        Credential(name="token", secret=True, help="an API token: Account > API tokens in Wagtail's admin"),
        Credential(name="type", help="the page type, such as blog.BlogPage"),
        Credential(name="parent", help="the id of the page below which articles go"),
        *wagtail_fields.CREDENTIALS,
    ),
    states=("draft", "published", "scheduled"),
    capabilities=_CAPABILITIES,
)
