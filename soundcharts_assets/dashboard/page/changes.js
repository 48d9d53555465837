"use strict";
/* What changed: what stands out, who climbed, fell, came and left; and the filters, which other views share. */

const ANY = "";
const NO_FILTERS = { chart: ANY, platform: ANY, country: ANY, genre: ANY, movement: ANY };
const Filters = createContext([NO_FILTERS, () => {}]);

const PLACES_OF_CHARTS = Array.from(new Set(charts.map((chart) => chart.place))).sort(COLLATOR.compare);
const PLATFORMS_OF_CHARTS = Array.from(new Set(charts.map((chart) => chart.platform))).sort(COLLATOR.compare);

const chartFits = (chart, filters) =>
  (filters.chart === ANY || chart.slug === filters.chart)
  && (filters.platform === ANY || chart.platform === filters.platform)
  && (filters.country === ANY || chart.place === filters.country);

const genreFits = (one, filters) => filters.genre === ANY || one.genres.includes(filters.genre);

const moveFits = (move, filters) => chartFits(move.chart, filters) && genreFits(move.track, filters);

let choices = 0;

/** A labelled choice among values. */
function Choice({ label, name, options, all = "All" }) {
  const [filters, setFilters] = useContext(Filters);
  const id = useMemo(() => `choice-${(choices += 1)}`, []);
  return html`
    <div class="choice">
      <label for=${id}>${label}</label>
      <select id=${id} value=${filters[name]} class=${filters[name] === ANY ? "" : "set"}
        onChange=${(event) => setFilters({ ...filters, [name]: event.target.value })}>
        <option value=${ANY}>${all}</option>
        ${options.map(([value, text]) => html`<option value=${value}>${text}</option>`)}
      </select>
    </div>`;
}

/** The filters of these names, a way to take all of them back, and what they leave. */
function FilterBar({ names, said }) {
  const [filters, setFilters] = useContext(Filters);
  const options = {
    chart: ["Chart", charts.map((chart) => [chart.slug, chartTitle(chart)])],
    platform: ["Platform", PLATFORMS_OF_CHARTS.map((code) => [code, platformName(code)])],
    country: ["Country", PLACES_OF_CHARTS.map((place) => [place, place])],
    genre: ["Genre", overview.genres.map((genre) => [genre, genre])],
  };
  const isSet = [...names, "movement"].some((name) => filters[name] !== ANY);
  return html`
    <form class="filters" aria-label="Filters" onSubmit=${(event) => event.preventDefault()}>
      ${names.map((name) => html`<${Choice} key=${name} name=${name} label=${options[name][0]} options=${options[name][1]} />`)}
      <button type="button" class="quiet" disabled=${!isSet} onClick=${() => setFilters(NO_FILTERS)}>Clear filters</button>
      <p class="said" role="status">${said}</p>
    </form>`;
}

const MOVEMENTS = ["new", "re-entry", "up", "down", "exit"];
const MOVEMENTS_PLURAL = { "new": "New entries", "re-entry": "Re-entries", "up": "Up", "down": "Down", "exit": "Exits", "steady": "Steady" };

/** How many moved which way; each is a switch that leaves only these. */
function Movements({ rows, value, onChange }) {
  const counts = useMemo(() => {
    const found = {};
    for (const row of rows) found[row.move] = (found[row.move] || 0) + 1;
    return found;
  }, [rows]);
  const all = MOVEMENTS.reduce((sum, one) => sum + (counts[one] || 0), 0);
  return html`
    <div class="movements" role="group" aria-label="Movement">
      ${["", ...MOVEMENTS].map((one) => html`
        <button type="button" key=${one} aria-pressed=${value === one ? "true" : "false"} onClick=${() => onChange(value === one ? ANY : one)} class=${one || "all"}>
          <b>${full(one ? counts[one] || 0 : all)}</b>
          <span>${one ? MOVEMENTS_PLURAL[one] : "All movements"}</span>
        </button>`)}
    </div>`;
}

function ChangesView() {
  const [filters, setFilters] = useContext(Filters);
  const rows = useMemo(() => moves.filter((move) => moveFits(move, filters)), [filters]);
  const chartsLeft = useMemo(() => new Set(rows.map((row) => row.chart)).size, [rows]);
  const marked = rows.filter((row) => !["steady", "first"].includes(row.move));
  const ofMovement = filters.movement === ANY ? marked : marked.filter((row) => row.move === filters.movement);
  const said = `${plural(ofMovement.length, "movement")} on ${plural(chartsLeft, "chart")}`;
  const ranked = charts.filter((chart) => chart.rankedAt);
  const latest = ranked.reduce((last, chart) => (last && chart.rankedAt <= last ? last : chart.rankedAt), null);
  return html`
    <${Head} title="What changed">
      ${latest
        ? `In the newest ranking of ${plural(ranked.length, "chart")} against the stored one before. The latest is of ${day(latest)}.`
        : "No ranking of a followed chart is known yet."}
    <//>
    <${FilterBar} names=${["chart", "platform", "country", "genre"]} said=${said} />
    <${Standouts} filters=${filters} />
    <section aria-labelledby="movers">
      <h2 id="movers">Movers</h2>
      <${Movements} rows=${rows} value=${filters.movement} onChange=${(movement) => setFilters({ ...filters, movement })} />
      ${filters.movement === ANY
        ? html`
          <div class="pair">
            <${Movers} move="up" rows=${rows} title="Biggest climbs" />
            <${Movers} move="down" rows=${rows} title="Biggest falls" />
            <${Movers} move="entries" rows=${rows} title="New entries and re-entries" />
            <${Movers} move="exit" rows=${rows} title="Exits" />
          </div>`
        : html`<${Movers} move=${filters.movement} rows=${rows} title=${MOVEMENTS_PLURAL[filters.movement]} whole key=${filters.movement} />`}
    </section>`;
}

const EMPTY_MOVES = {
  "up": "Nothing climbed.",
  "down": "Nothing fell.",
  "new": "Nothing is new: every track was on its chart before.",
  "re-entry": "Nothing came back.",
  "entries": "Nothing came that was not in the ranking before.",
  "exit": "Nothing left.",
};

function Movers({ rows, move, title, whole = false }) {
  const both = move === "entries";
  const own = useMemo(() => rows.filter((row) => (both ? row.move === "new" || row.move === "re-entry" : row.move === move)), [rows, move]);
  const gone = move === "exit";
  const entered = both || move === "new" || move === "re-entry";
  const id = `movers-${move}`;
  const columns = [
    ...(entered || gone
      ? []
      : [{ key: "change", title: "Places", end: true, down: true, value: (row) => Math.abs(row.change), cell: (row) => html`<${Move} ...${row} />` }]),
    gone
      ? { key: "before", title: "Was", hint: "Place in the ranking before", end: true, value: (row) => row.previous }
      : { key: "now", title: "Now", hint: "Place in the newest ranking", end: true, value: (row) => row.position },
    ...(entered || gone ? [] : [{ key: "before", title: "Was", hint: "Place in the ranking before", end: true, value: (row) => row.previous }]),
    ...(both ? [{ key: "move", title: "Entry", value: (row) => row.move, cell: (row) => html`<${Move} ...${row} />` }] : []),
    { key: "track", title: "Track", head: true, value: (row) => row.track.name, cell: (row) => html`<${TrackName} track=${row.track} />` },
    { key: "chart", title: "Chart", value: (row) => `${row.chart.name} ${row.chart.platform} ${row.chart.place}`, cell: (row) => html`<${ChartName} chart=${row.chart} />` },
    ...(whole || gone ? [{ key: "peak", title: "Peak", hint: "Best place in stored rankings", end: true, wide: true, value: (row) => row.peak }] : []),
    ...(whole || gone ? [{ key: "times", title: "On chart", hint: "Stored rankings that held it", end: true, wide: true, value: (row) => row.times, cell: (row) => html`${full(row.times)}\u00d7` }] : []),
    ...(whole && !gone ? [{ key: "streak", title: "Streak", hint: "Stored rankings in a row that hold it", end: true, wide: true, value: (row) => row.streak }] : []),
    ...(whole ? [{ key: "genre", title: "Genre", wide: true, value: (row) => row.track.genres.join(", "), cell: (row) => html`<${Genres} genres=${row.track.genres} />` }] : []),
    ...(!(move === "new") ? [{ key: "trend", title: "Trend", hint: "Places in the last 30 rankings; sorts by best place", wide: true, value: (row) => row.peak, cell: (row) => html`<${PlacesSpark} chart=${row.chart} track=${row.track} />` }] : []),
  ];
  return html`
    <section aria-labelledby=${id} class="movers">
      <h3 id=${id}>${title} <span class="count">${full(own.length)}</span></h3>
      <${Table}
        key=${move} caption=${title} columns=${columns} rows=${own} most=${whole ? 50 : 8} step=${50}
        sort=${gone ? "before" : entered ? "now" : "change"} empty=${EMPTY_MOVES[move]}
        keyOf=${(row) => `${row.chart.number}-${row.track.number}`} />
    </section>`;
}

/* What stands out */

function standoutFits(one, filters) {
  const own = one.entity === "track" ? [one.subject] : tracksByArtist.get(one.number) || [];
  const onCharts = [filters.chart, filters.platform, filters.country].some((value) => value !== ANY);
  return own.some((track) => genreFits(track, filters) && (!onCharts || (movesByTrack.get(track.number) || []).some((move) => move.move !== "exit" && chartFits(move.chart, filters))))
    || (!own.length && !onCharts && genreFits(one.subject, filters));
}

function Standouts({ filters }) {
  const [shown, setShown] = useState(8);
  const [kind, setKind] = useState(ANY);
  const fitting = useMemo(() => notable.filter((one) => standoutFits(one, filters)), [filters]);
  const own = kind === ANY ? fitting : fitting.filter((one) => one.entity === kind);
  const count = (entity) => fitting.filter((one) => one.entity === entity).length;
  return html`
    <section aria-labelledby="notable">
      <div class="headed">
        <h2 id="notable">Stands out from its own trend <span class="count">${full(own.length)}</span></h2>
        <div class="switch" role="group" aria-label="Kind">
          ${[[ANY, "All"], ["track", `Tracks ${full(count("track"))}`], ["artist", `Artists ${full(count("artist"))}`]].map(([value, text]) => html`
            <button type="button" aria-pressed=${kind === value ? "true" : "false"} onClick=${() => setKind(value)}>${text}</button>`)}
        </div>
      </div>
      ${own.length
        ? html`<ol class="standouts">${own.slice(0, shown).map((one) => html`<${Standout} key=${one.entity + one.number} one=${one} />`)}</ol>`
        : html`<p class="empty">${notable.length
          ? "Nothing that stands out fits the filters."
          : "Nothing stands out: no platform jumped far above a usual day, no track entered several charts within a week, none accelerates on several platforms. Trends need a week of figures at least."}</p>`}
      ${own.length > shown && html`
        <p class="more">
          <button type="button" class="quiet" onClick=${() => setShown(shown + 40)}>Show ${moreOf(own.length - shown, 40)}</button>
          <span>${full(shown)} of ${full(own.length)}</span>
        </p>`}
    </section>`;
}

function Standout({ one }) {
  const isTrack = one.entity === "track";
  return html`
    <li>
      <span class="rank">${one.rank}</span>
      <p class="told">
        <a class="title" href=${addressOf[one.entity](one.subject)}><${Name}>${one.subject.name}<//></a>
        <span class="credit">${isTrack ? html`<${Name}>${one.subject.credit || ""}<//>` : "Artist"}</span>
        <span class="reasons">${withDays(one.reasons)}</span>
      </p>
      <${Strength} one=${one} />
      <${StandoutSpark} one=${one} />
    </li>`;
}

/** A sentence whose days are written as everywhere on the page. */
const withDays = (sentence) => sentence.replace(/\b\d{4}-\d\d-\d\d\b/g, (text) => dayOfYear(new Date(text)));

/** The first of the reasons as a figure. */
function Strength({ one }) {
  const [figure, what] = one.platform
    ? one.usual > 0 ? [`${FULL.format(one.latest / one.usual)}\u00d7`, "its usual day"] : [short(one.latest), "from nothing"]
    : one.entered > 1 ? [one.entered, "charts entered"]
    : [one.accelerating.length, "platforms faster"];
  return html`<span class="strength"><b>${figure}</b><span class="credit">${what}</span></span>`;
}

/** The series that the reasons speak of: what came by the day for tracks, the figure itself for artists. */
function StandoutSpark({ one }) {
  const known = useDetails();
  const platform = one.platform || one.accelerating[0] || "spotify";
  const own = known ? (known.series[one.entity].get(one.number) || []).filter((series) => series.platform === platform) : [];
  const metrics = one.entity === "artist" ? [one.metric, "listeners", "followers", "daily_views"] : [""];
  const series = metrics.map((metric) => own.find((candidate) => candidate.metric === metric)).find(Boolean);
  if (!series) return html`<span class="spark-box"><span class="spark empty"></span></span>`;
  const values = dayValues(series);
  const daily = series.count ? values : gains(values);
  const isDaily = series.count || (one.entity === "track" && daily.filter((value) => value !== null).length >= 10);
  const shown = (isDaily ? daily : values).slice(-35);
  const what = `${seriesUnit(one.entity, series)}${isDaily ? " a day" : ""}`;
  const numbers = shown.filter((value) => value !== null);
  const label = numbers.length ? `${platformName(platform)}, ${what}, last 35 days: between ${short(Math.min(...numbers))} and ${short(Math.max(...numbers))}` : platformName(platform);
  return html`
    <span class="spark-box">
      <${Spark} values=${shown} label=${label} width=${132} height=${30} />
      <span class="credit">${platform === "shazam" ? what : `${platformName(platform)} ${what}`}</span>
    </span>`;
}

const UNITS = {
  track: { spotify: "streams", youtube: "views", shazam: "Shazams", airplay: "plays", tiktok: "videos", instagram: "reels" },
  artist: { followers: "followers", likes: "likes", views: "channel views", listeners: "monthly listeners", daily_views: "views" },
};
const seriesUnit = (entity, series) => (entity === "track" ? UNITS.track[series.platform] || "plays" : UNITS.artist[series.metric] || series.metric);

/** The heading of a view, and a line about it. */
function Head({ title, children }) {
  return html`<header class="head"><h1 tabindex="-1">${title}</h1><p class="lead">${children}</p></header>`;
}
