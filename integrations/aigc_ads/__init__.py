"""Adapters of ad platforms: Google Ads, Meta."""
