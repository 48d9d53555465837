-- The tables of version 3.
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
CREATE TABLE soundcharts.chart_movements (
  chart_slug VARCHAR NOT NULL,
  ranked_at TIMESTAMPTZ NOT NULL,
  track_uuid VARCHAR NOT NULL,
  movement VARCHAR,
  position BIGINT,
  previous_position BIGINT,
  change BIGINT,
  previous_ranked_at TIMESTAMPTZ,
  peak_position BIGINT NOT NULL,
  peak_ranked_at TIMESTAMPTZ NOT NULL,
  streak BIGINT NOT NULL,
  rankings_on_chart BIGINT NOT NULL,
  first_ranked_at TIMESTAMPTZ NOT NULL,
  fetched_at TIMESTAMPTZ NOT NULL
);
CREATE TABLE soundcharts.track_momentum (
  track_uuid VARCHAR NOT NULL,
  platform VARCHAR NOT NULL,
  is_count BOOLEAN NOT NULL,
  as_of DATE NOT NULL,
  level BIGINT NOT NULL,
  change_7 BIGINT,
  days_7 BIGINT,
  per_day_7 DOUBLE,
  growth_7 DOUBLE,
  change_28 BIGINT,
  days_28 BIGINT,
  per_day_28 DOUBLE,
  growth_28 DOUBLE,
  acceleration DOUBLE,
  latest DOUBLE,
  latest_days BIGINT,
  usual DOUBLE,
  highest DOUBLE,
  jump DOUBLE
);
CREATE TABLE soundcharts.artist_momentum (
  artist_uuid VARCHAR NOT NULL,
  platform VARCHAR NOT NULL,
  metric VARCHAR NOT NULL,
  is_count BOOLEAN NOT NULL,
  as_of DATE NOT NULL,
  level BIGINT NOT NULL,
  change_7 BIGINT,
  days_7 BIGINT,
  per_day_7 DOUBLE,
  growth_7 DOUBLE,
  change_28 BIGINT,
  days_28 BIGINT,
  per_day_28 DOUBLE,
  growth_28 DOUBLE,
  acceleration DOUBLE,
  latest DOUBLE,
  latest_days BIGINT,
  usual DOUBLE,
  highest DOUBLE,
  jump DOUBLE
);
CREATE TABLE soundcharts.cross_chart (
  track_uuid VARCHAR NOT NULL,
  chart_slug VARCHAR NOT NULL,
  is_on_chart BOOLEAN NOT NULL,
  position BIGINT,
  first_ranked_at TIMESTAMPTZ NOT NULL,
  first_position BIGINT NOT NULL,
  best_position BIGINT NOT NULL,
  best_ranked_at TIMESTAMPTZ NOT NULL,
  last_ranked_at TIMESTAMPTZ NOT NULL,
  rankings BIGINT NOT NULL,
  is_first BOOLEAN NOT NULL,
  is_best BOOLEAN NOT NULL
);
CREATE TABLE soundcharts.genre_share (
  chart_slug VARCHAR NOT NULL,
  ranked_at TIMESTAMPTZ NOT NULL,
  genre VARCHAR NOT NULL,
  tracks BIGINT NOT NULL,
  share DOUBLE NOT NULL,
  best_position BIGINT NOT NULL
);
CREATE TABLE soundcharts.catalog (
  track_uuid VARCHAR NOT NULL,
  name VARCHAR NOT NULL,
  credit_name VARCHAR,
  isrc VARCHAR,
  release_date DATE,
  label VARCHAR,
  distributor VARCHAR,
  language_code VARCHAR,
  explicit BOOLEAN,
  main_artist_uuid VARCHAR,
  main_artist VARCHAR,
  artists VARCHAR[],
  genres VARCHAR[],
  charts_now BIGINT NOT NULL,
  charts_ever BIGINT NOT NULL,
  best_position_now BIGINT,
  best_chart_now VARCHAR,
  best_position BIGINT,
  best_chart VARCHAR,
  first_chart VARCHAR,
  first_ranked_at TIMESTAMPTZ,
  spotify_streams BIGINT,
  spotify_per_day DOUBLE,
  youtube_views BIGINT,
  youtube_per_day DOUBLE,
  shazams BIGINT,
  shazams_per_day DOUBLE,
  spins_per_day DOUBLE,
  tiktok_videos BIGINT,
  artist_spotify_followers BIGINT,
  artist_spotify_listeners BIGINT
);
CREATE TABLE soundcharts.notable (
  entity VARCHAR NOT NULL,
  uuid VARCHAR NOT NULL,
  rank BIGINT NOT NULL,
  score DOUBLE NOT NULL,
  name VARCHAR NOT NULL,
  credit_name VARCHAR,
  sentence VARCHAR NOT NULL,
  jump_platform VARCHAR,
  jump_metric VARCHAR,
  jump_on DATE,
  jump_days BIGINT,
  jump_latest DOUBLE,
  jump_usual DOUBLE,
  charts_entered BIGINT NOT NULL,
  entered_charts VARCHAR[] NOT NULL,
  accelerating VARCHAR[] NOT NULL
);
CREATE TABLE soundcharts.computed_tables (
  table_name VARCHAR NOT NULL,
  through TIMESTAMPTZ NOT NULL,
  mark BIGINT NOT NULL
);
