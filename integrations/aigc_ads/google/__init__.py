"""Google Ads, by its official client."""
