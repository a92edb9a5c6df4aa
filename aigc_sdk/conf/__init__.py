"""Hydra configuration: ``config.yaml`` and its groups. Plugins add groups through the entry point ``aigc_sdk.conf``."""
