"""What the adapters of this package are. Imports no client library."""

from __future__ import annotations

from aigc_sdk.contract.adapter import AdapterManifest, Credential

_CAPABILITIES = ("media", "update", "unpublish", "outcomes")

GOOGLE = AdapterManifest(
    name="google-ads",
    version="1",
    kind="ads",
    system="Google Ads",
    versions="API v26",
    licence="Apache-2.0",
    factory="aigc_ads.google.adapter:GoogleAds",
    requires=("google.ads.googleads", "PIL"),
    extra="ads",
    credentials=(
        Credential(name="customer_id", help="the ad account, ten digits"),
        Credential(name="developer_token", secret=True, help="API Center of a manager account"),
        Credential(name="client_id", help="of an OAuth client in the Google Cloud console"),
        Credential(name="client_secret", secret=True, help="of the same OAuth client"),
        Credential(name="refresh_token", secret=True, help="of a user who may edit the account"),
        Credential(name="login_customer_id", default="", help="the manager account, if the user comes through one"),
        Credential(name="campaign", default="", help="id of the campaign: --campaign"),
        Credential(name="ad_group", default="", help="id of the ad group, if the campaign has several: --ad-group"),
        Credential(name="business_name", default="", help="if the content names none; at most 25 characters"),
        Credential(
            name="brand_guidelines",
            default="yes",
            help="yes if the Performance Max campaign itself has business name and logo, as Google makes it; or no",
        ),
        Credential(name="endpoint", default="googleads.googleapis.com", help="where the API is"),
        Credential(name="token_uri", default="https://oauth2.googleapis.com/token", help="where tokens are refreshed"),
    ),
    states=("paused",),
    capabilities=_CAPABILITIES,
    channels=("google-rsa", "google-display", "google-pmax"),
)

META = AdapterManifest(
    name="meta",
    version="1",
    kind="ads",
    system="Meta Marketing API",
    versions="facebook-business 26",
    licence="Apache-2.0",
    factory="aigc_ads.meta.adapter:Meta",
    requires=("facebook_business", "PIL", "av"),
    extra="ads",
    credentials=(
        Credential(name="account_id", help="the ad account, digits"),
        Credential(name="page_id", help="the page in whose name the ads speak"),
        Credential(name="access_token", secret=True, help="of a system user with ads_management"),
        Credential(name="app_secret", secret=True, default="", help="if the app asks for a proof with each call"),
        Credential(name="campaign", default="", help="id of the campaign: --campaign"),
        Credential(name="ad_set", default="", help="id of the ad set, if the campaign has several: --ad-set"),
        Credential(name="instagram_user_id", default="", help="the Instagram account in whose name the ads speak"),
        Credential(name="call_to_action", default="LEARN_MORE", help="the button, as the Marketing API names it"),
        Credential(name="graph", default="https://graph.facebook.com", help="where the API is"),
        Credential(name="graph_video", default="https://graph-video.facebook.com", help="where videos are uploaded"),
    ),
    states=("paused",),
    capabilities=_CAPABILITIES,
    channels=("meta-feed", "meta-stories"),
)
