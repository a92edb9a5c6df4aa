"""Meta (Facebook and Instagram), by its official client."""
