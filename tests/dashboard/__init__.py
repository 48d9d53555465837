"""The dashboard: what the page shows, and how it behaves in a browser."""
