-- The tables of version 2.
CREATE SCHEMA soundcharts;
CREATE TABLE soundcharts.charts (
  slug VARCHAR NOT NULL,
  name VARCHAR,
  platform VARCHAR,
  type VARCHAR,
  frequency VARCHAR,
  country_code VARCHAR,
  country_name VARCHAR,
  city_name VARCHAR,
  max_results BIGINT,
  metric VARCHAR,
  web_url VARCHAR,
  followed BOOLEAN NOT NULL,
  cascade BOOLEAN NOT NULL,
  latest_ranked_at TIMESTAMPTZ,
  fetched_at TIMESTAMPTZ
);
CREATE TABLE soundcharts.chart_catalogue (
  slug VARCHAR NOT NULL,
  name VARCHAR,
  platform VARCHAR,
  type VARCHAR,
  frequency VARCHAR,
  country_code VARCHAR,
  country_name VARCHAR,
  city_name VARCHAR,
  max_results BIGINT,
  web_url VARCHAR,
  fetched_at TIMESTAMPTZ NOT NULL
);
CREATE TABLE soundcharts.chart_rankings (
  chart_slug VARCHAR NOT NULL,
  ranked_at TIMESTAMPTZ NOT NULL,
  entry_count BIGINT NOT NULL,
  seen_at TIMESTAMPTZ,
  unseen_at TIMESTAMPTZ,
  fetched_at TIMESTAMPTZ NOT NULL
);
CREATE TABLE soundcharts.chart_entries (
  chart_slug VARCHAR NOT NULL,
  ranked_at TIMESTAMPTZ NOT NULL,
  position BIGINT NOT NULL,
  track_uuid VARCHAR NOT NULL,
  previous_position BIGINT,
  position_change BIGINT,
  metric_value BIGINT,
  entered_at TIMESTAMPTZ,
  time_on_chart BIGINT,
  time_on_chart_unit VARCHAR,
  entry_state VARCHAR
);
CREATE TABLE soundcharts.tracks (
  uuid VARCHAR NOT NULL,
  name VARCHAR NOT NULL,
  credit_name VARCHAR,
  image_url VARCHAR,
  isrc VARCHAR,
  release_date DATE,
  duration_seconds BIGINT,
  explicit BOOLEAN,
  language_code VARCHAR,
  copyright VARCHAR,
  distributor VARCHAR,
  composers VARCHAR[],
  producers VARCHAR[],
  labels STRUCT(name VARCHAR, type VARCHAR)[],
  audio_features JSON,
  discovered_at TIMESTAMPTZ,
  last_charted_at TIMESTAMPTZ,
  fetched_at TIMESTAMPTZ,
  payload JSON
);
CREATE TABLE soundcharts.track_artists (
  track_uuid VARCHAR NOT NULL,
  artist_uuid VARCHAR NOT NULL,
  ordinal BIGINT NOT NULL,
  is_main BOOLEAN
);
CREATE TABLE soundcharts.track_genres (
  track_uuid VARCHAR NOT NULL,
  root VARCHAR NOT NULL,
  genre VARCHAR NOT NULL
);
CREATE TABLE soundcharts.genres (
  genre VARCHAR NOT NULL,
  parent VARCHAR NOT NULL,
  level BIGINT NOT NULL
);
CREATE TABLE soundcharts.artists (
  uuid VARCHAR NOT NULL,
  name VARCHAR NOT NULL,
  slug VARCHAR,
  country_code VARCHAR,
  city_name VARCHAR,
  type VARCHAR,
  gender VARCHAR,
  birth_date DATE,
  career_stage VARCHAR,
  growth_level VARCHAR,
  biography VARCHAR,
  isni VARCHAR,
  ipi VARCHAR,
  image_url VARCHAR,
  web_url VARCHAR,
  discovered_at TIMESTAMPTZ,
  last_charted_at TIMESTAMPTZ,
  fetched_at TIMESTAMPTZ,
  payload JSON
);
CREATE TABLE soundcharts.artist_genres (
  artist_uuid VARCHAR NOT NULL,
  root VARCHAR NOT NULL,
  genre VARCHAR NOT NULL
);
CREATE TABLE soundcharts.track_audience (
  track_uuid VARCHAR NOT NULL,
  platform VARCHAR NOT NULL,
  date DATE NOT NULL,
  identifier VARCHAR NOT NULL,
  value BIGINT NOT NULL,
  fetched_at TIMESTAMPTZ NOT NULL
);
CREATE TABLE soundcharts.artist_audience (
  artist_uuid VARCHAR NOT NULL,
  platform VARCHAR NOT NULL,
  date DATE NOT NULL,
  followers BIGINT,
  likes BIGINT,
  views BIGINT,
  posts BIGINT,
  following BIGINT,
  fetched_at TIMESTAMPTZ NOT NULL
);
CREATE TABLE soundcharts.artist_listening (
  artist_uuid VARCHAR NOT NULL,
  platform VARCHAR NOT NULL,
  date DATE NOT NULL,
  value BIGINT NOT NULL,
  fetched_at TIMESTAMPTZ NOT NULL
);
CREATE TABLE soundcharts.fetches (
  subject VARCHAR NOT NULL,
  uuid VARCHAR NOT NULL,
  status VARCHAR NOT NULL,
  fetched_at TIMESTAMPTZ,
  through_date DATE,
  attempts BIGINT NOT NULL,
  not_before TIMESTAMPTZ,
  error VARCHAR
);
CREATE TABLE soundcharts.malformed_answers (
  subject VARCHAR NOT NULL,
  uuid VARCHAR NOT NULL,
  received_at TIMESTAMPTZ NOT NULL,
  reason VARCHAR NOT NULL,
  payload VARCHAR
);
CREATE TABLE soundcharts.api_calls (
  hour TIMESTAMPTZ NOT NULL,
  endpoint VARCHAR NOT NULL,
  status VARCHAR NOT NULL,
  calls BIGINT NOT NULL,
  cost BIGINT,
  quota_remaining BIGINT
);
CREATE TABLE soundcharts.schema_versions (
  version BIGINT NOT NULL,
  applied_at TIMESTAMPTZ NOT NULL
);
