"""Images: decoding within limits, regions, and encoding with a cache."""
