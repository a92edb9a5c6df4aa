"""The text plugin of aigc-sdk: chat, continuation, summaries and translation with language models."""
