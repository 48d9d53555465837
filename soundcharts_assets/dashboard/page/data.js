"use strict";
/* What the page holds, as it is asked for. Undoes what encoding.py did; shows nothing. */

const overview = JSON.parse(document.getElementById("overview").textContent);

const NOW = new Date(overview.at);
const TODAY = new Date(overview.today + "T00:00:00Z");
const DAY_LENGTH = 86400000;

const daysAgo = (days) => new Date(TODAY - days * DAY_LENGTH);
const date = (text) => (text ? new Date(text) : null);

const MOVES = { n: "new", r: "re-entry", u: "up", d: "down", s: "steady", x: "exit", ".": "first" };

/** Objects from columns, each with its number. */
function objects(columns, begin = 0) {
  const names = Object.keys(columns);
  const count = names.length ? columns[names[0]].length : 0;
  return Array.from({ length: count }, (_, index) => {
    const found = { number: begin + index };
    for (const name of names) found[name] = columns[name][index];
    return found;
  });
}

const asGenres = (numbers) => numbers.map((number) => overview.genres[number]);

const charts = objects(overview.charts).map((chart) => ({
  ...chart,
  place: [chart.city, chart.country || countryName(chart.countryCode)].filter(Boolean).join(", ") || (chart.platform ? "Worldwide" : ""),
  placeCode: chart.city || chart.countryCode || "worldwide",
  rankedAt: date(chart.rankedAt),
  previousAt: date(chart.previousAt),
  firstAt: date(chart.firstAt),
}));
const asTracks = (columns, begin) => objects(columns, begin).map((track) => ({ ...track, genres: asGenres(track.genres) }));
const tracks = asTracks(overview.tracks, 0);
const artists = objects(overview.artists).map((artist) => ({ ...artist, genres: asGenres(artist.genres) }));
const currentTracks = tracks.length;

const chartBySlug = new Map(charts.map((chart) => [chart.slug, chart]));
const trackByUuid = new Map(tracks.map((track) => [track.uuid, track]));
const artistByUuid = new Map(artists.map((artist) => [artist.uuid, artist]));

const chartTitle = (chart) => `${chart.name} \u00b7 ${platformName(chart.platform)} ${chart.placeCode ?? chart.country ?? ""}`.trim();

/** The newest ranking of each chart, and what left it. */
const newest = overview.newest.map((columns, number) => {
  const { moves, ...rest } = columns;
  return objects(rest).map((row, index) => ({
    ...row,
    chart: charts[number],
    track: tracks[row.track],
    move: MOVES[moves[index]],
    change: row.position && row.previous ? row.previous - row.position : null,
  }));
});
const moves = newest.flat();

function grouped(items, key) {
  const found = new Map();
  for (const item of items) {
    const at = key(item);
    if (found.has(at)) found.get(at).push(item);
    else found.set(at, [item]);
  }
  return found;
}

const movesByTrack = grouped(moves, (move) => move.track.number);

const notable = objects(overview.notable).map((one) => ({
  ...one,
  subject: (one.entity === "track" ? tracks : artists)[one.number],
}));

const tracksByArtist = new Map();
function noteArtists(some) {
  for (const track of some) {
    for (const artist of track.artists) {
      if (tracksByArtist.has(artist)) tracksByArtist.get(artist).push(track);
      else tracksByArtist.set(artist, [track]);
    }
  }
}
noteArtists(tracks);

/** The values that differences stand for; null for what is missing. */
function undone(steps, unit = 1) {
  let last = 0;
  return steps.map((step) => (step === null ? null : (last += step) * unit));
}

/* Details: compressed, and undone when they are first wanted. */

let details = null;
let unpacking = null;

async function unpack() {
  // They come last, so that the first view need not wait for them.
  if (document.readyState === "loading") await new Promise((done) => addEventListener("DOMContentLoaded", done, { once: true }));
  const text = document.getElementById("details").textContent.trim();
  const packed = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const found = await new Response(stream).json();
  const past = asTracks(found.past, currentTracks);
  for (const track of past) {
    tracks.push(track);
    trackByUuid.set(track.uuid, track);
  }
  noteArtists(past);
  const others = objects(found.otherCharts, charts.length);
  const chartOf = (number) => charts[number] || others[number - charts.length];
  const rankings = found.rankings.map((instants) => instants.map(date));
  const positions = found.positions.map((columns) => {
    const byTrack = new Map();
    columns.track.forEach((track, index) => byTrack.set(track, { first: columns.first[index], steps: columns.steps[index] }));
    return byTrack;
  });
  details = {
    facts: objects(found.facts),
    rankings,
    positions,
    genreShares: found.genreShares.map((columns) => objects(columns)),
    crossChart: grouped(
      objects(found.crossChart).map((row) => ({ ...row, chart: chartOf(row.chart) })),
      (row) => row.track,
    ),
    trackMomentum: grouped(objects(found.trackMomentum), (row) => row.of),
    artistMomentum: grouped(objects(found.artistMomentum), (row) => row.of),
    series: { track: new Map(), artist: new Map() },
    days: found.days,
  };
  for (const kind of found.series) {
    kind.of.forEach((number, index) => {
      const own = details.series[kind.entity];
      if (!own.has(number)) own.set(number, []);
      own.get(number).push({
        platform: kind.platform, metric: kind.metric, count: kind.count,
        first: kind.first[index], unit: kind.unit[index], steps: kind.steps[index],
      });
    });
  }
  return details;
}

const wanted = () => (unpacking ??= unpack());

/** The details once they are unpacked, null before; null for ever in a browser that cannot. */
function useDetails() {
  const [found, setFound] = useState(details);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    let gone = false;
    wanted().then((all) => gone || setFound(all), () => gone || setFailed(true));
    return () => {
      gone = true;
    };
  }, []);
  return failed ? false : found;
}

/** Where a track stood in all rankings of a chart that the page holds; null where it was not on it. */
function positionsOn(chart, track) {
  const rankings = details.rankings[chart.number];
  const known = rankings && details.positions[chart.number].get(track.number);
  if (!known) return null;
  const values = new Array(rankings.length).fill(null);
  undone(known.steps).forEach((position, index) => {
    values[known.first + index] = position;
  });
  return values;
}

/** A series over all days that the page holds, the last one today. */
function dayValues(series) {
  const values = new Array(details.days).fill(null);
  undone(series.steps, series.unit).forEach((value, index) => {
    values[series.first - 1 + index] = value;
  });
  return values;
}

/** Days of such a series. */
const seriesDays = () => Array.from({ length: details.days }, (_, index) => daysAgo(details.days - 1 - index));

/** What came on each day: known only where the day before is known, too. */
const gains = (values) =>
  values.map((value, index) => (value === null || index === 0 || values[index - 1] === null ? null : value - values[index - 1]));
