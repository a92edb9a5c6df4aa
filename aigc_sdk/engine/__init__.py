"""Jobs, batches, resident models, cancellation. Sync, async and streaming are faces of the same jobs."""
