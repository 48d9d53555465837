-- When rankings were first seen, so that the hour of publication can be learnt, and what calls cost.
ALTER TABLE soundcharts.chart_rankings ADD COLUMN IF NOT EXISTS seen_at TIMESTAMPTZ;
ALTER TABLE soundcharts.chart_rankings ADD COLUMN IF NOT EXISTS unseen_at TIMESTAMPTZ;
ALTER TABLE soundcharts.api_calls ADD COLUMN IF NOT EXISTS cost BIGINT;
