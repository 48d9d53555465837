"""What `soundcharts_assets.api` promises: asked of the sandbox over real HTTP, and of payloads built here."""
