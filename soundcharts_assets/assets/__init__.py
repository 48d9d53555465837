"""The declared asset graph. Thin: what an asset is and depends on is here, how it is refreshed is in `refresh`."""
