"use strict";
/* Charts: all of them in a table, and one in full: its rankings, how it moved, and its genres. */

const countOf = (chart, move) => newest[chart.number].filter((row) => row.move === move).length;

function ChartsView() {
  const [filters] = useContext(Filters);
  const own = useMemo(() => charts.filter((chart) => chartFits(chart, { ...filters, chart: ANY })), [filters]);
  const counted = (move, title, hint) => ({ key: move, title, hint, end: true, down: true, value: (chart) => (chart.previousAt ? countOf(chart, move) : null) });
  const first = (chart) => newest[chart.number].find((row) => row.position === 1);
  const columns = [
    { key: "name", title: "Chart", head: true, value: (chart) => `${chart.name} ${chart.place}`, cell: (chart) => html`<a class="title" href=${addressOf.chart(chart)}><${Name}>${chart.name}<//></a>` },
    { key: "platform", title: "Platform", value: (chart) => platformName(chart.platform) },
    { key: "country", title: "Country", value: (chart) => chart.place },
    { key: "frequency", title: "Appears", wide: true, value: (chart) => chart.frequency },
    { key: "ranked", title: "Newest ranking", down: true, value: (chart) => chart.rankedAt?.getTime(), cell: (chart) => (chart.rankedAt ? day(chart.rankedAt) : html`<span class="none">${chart.rankings ? "not computed" : "none stored"}</span>`) },
    { key: "first", title: "Number one", wide: true, value: (chart) => first(chart)?.track.name, cell: (chart) => (first(chart) ? html`<${TrackName} track=${first(chart).track} />` : NONE) },
    counted("new", "New", "New entries"), counted("re-entry", "Back", "Re-entries"), counted("up", "Up", "Tracks that climbed"), counted("down", "Down", "Tracks that fell"), counted("exit", "Exits", "Tracks that left"),
    { key: "rankings", title: "Rankings", hint: "Stored rankings", end: true, down: true, wide: true, value: (chart) => chart.rankings, cell: (chart) => full(chart.rankings) },
  ];
  return html`
    <${Head} title="Charts">Those on this page, those first of which there is most to tell. Movements are of the newest ranking.<//>
    <${FilterBar} names=${["platform", "country"]} said=${plural(own.length, "chart")} />
    <${Table} caption="Charts" columns=${columns} rows=${own} most=${100} keyOf=${(chart) => chart.slug} />`;
}

/** The host of an address; all of it where a browser makes nothing of it. */
const hostOf = (address) => {
  try {
    return new URL(address).hostname;
  } catch {
    return address;
  }
};

function ChartView({ slug }) {
  const chart = chartBySlug.get(slug);
  if (!chart) return html`<${Missing} kind="chart" name=${slug} />`;
  const facts = [
    ["Country", chart.city ? chart.country : null],
    ["Appears", chart.frequency],
    ["Newest ranking", chart.rankedAt && instant(chart.rankedAt)],
    ["Compared with", chart.previousAt && instant(chart.previousAt)],
    ["Stored rankings", chart.rankings ? `${full(chart.rankings)} since ${day(chart.firstAt)}` : null],
    ["Page", chart.url && html`<a href=${chart.url} target="_blank" rel="noopener noreferrer">${hostOf(chart.url)}</a>`],
  ];
  return html`
    <${DetailHead} kind="Chart" title=${chart.name} under=${html`${platformName(chart.platform)}${chart.platform && chart.place && ", "}<${Name}>${chart.place}<//>`} facts=${facts} />
    ${chart.rankedAt
      ? html`<${ChartRanking} chart=${chart} key=${slug} /><${ChartHistory} chart=${chart} /><${ChartGenres} chart=${chart} />`
      : html`<p class="empty">${chart.rankings
        ? "Nothing was computed from this chart's rankings yet."
        : "No ranking of this chart is stored yet. The next pass stores the newest one."}</p>`}`;
}

/** A ranking as a table: the newest as the warehouse judges it, an older one as far as the page holds places. */
function ChartRanking({ chart }) {
  const known = useDetails();
  const [number, setNumber] = useState(null);
  const [movement, setMovement] = useState(ANY);
  const rankings = known ? known.rankings[chart.number] : [];
  const isNewest = number === null || number === rankings.length - 1;
  const rows = useMemo(() => (isNewest ? newest[chart.number] : rankingAt(chart, number)), [chart, number, isNewest]);
  const gone = rows.filter((row) => row.move === "exit");
  const placed = rows.filter((row) => row.move !== "exit");
  const shown = movement === ANY ? placed : rows.filter((row) => row.move === movement);
  const at = isNewest ? chart.rankedAt : rankings[number];
  const columns = [
    { key: "position", title: "#", hint: "Place", end: true, value: (row) => row.position },
    { key: "move", title: "Change", hint: "Places since the stored ranking before", end: true, down: true, value: moveOrder, cell: (row) => html`<${Move} ...${row} />` },
    { key: "before", title: "Was", hint: "Place in the stored ranking before", end: true, wide: true, value: (row) => row.previous },
    { key: "track", title: "Track", head: true, value: (row) => row.track.name, cell: (row) => html`<${TrackName} track=${row.track} narrow />` },
    { key: "artist", title: "Artists", wide: true, value: (row) => row.track.credit, cell: (row) => html`<${ArtistLinks} track=${row.track} />` },
    ...(isNewest
      ? [
        { key: "peak", title: "Peak", hint: "Best place in stored rankings", end: true, value: (row) => row.peak, cell: (row) => html`<${Peak} row=${row} />` },
        { key: "streak", title: "Streak", hint: "Stored rankings in a row that hold it", end: true, down: true, value: (row) => row.streak },
        { key: "times", title: "On chart", hint: "Stored rankings that held it", end: true, down: true, wide: true, value: (row) => row.times },
        ...(chart.metric ? [{ key: "value", title: METRICS[chart.metric] || "Figure", hint: `What the place is by: ${chart.metric}`, end: true, down: true, wide: true, value: (row) => row.value, cell: (row) => html`<${Figure} value=${row.value} />` }] : []),
      ]
      : []),
    { key: "genre", title: "Genre", wide: true, value: (row) => row.track.genres.join(", "), cell: (row) => html`<${Genres} genres=${row.track.genres} />` },
    { key: "trend", title: "Trend", hint: "Places in the last 30 rankings; sorts by place", wide: true, value: (row) => row.position, cell: (row) => html`<${PlacesSpark} chart=${chart} track=${row.track} />` },
  ];
  return html`
    <section aria-labelledby="ranking">
      <div class="headed">
        <h2 id="ranking">Ranking of ${day(at)}</h2>
        <div class="stepper">
          <button type="button" class="quiet" disabled=${!known || (number ?? rankings.length - 1) <= 0} onClick=${() => setNumber((number ?? rankings.length - 1) - 1)}>Earlier</button>
            <select aria-label="Ranking" value=${number ?? rankings.length - 1} onChange=${(event) => setNumber(Number(event.target.value))}>
              ${rankings.map((one, index) => [one, index]).reverse().map(([one, index]) => html`<option value=${index}>${day(one)}</option>`)}
            </select>
          <button type="button" class="quiet" disabled=${!known || isNewest} onClick=${() => setNumber(number + 1)}>Later</button>
        </div>
      </div>
      <${Movements} rows=${rows} value=${movement} onChange=${setMovement} />
      <p class="visually-hidden" role="status">${plural(shown.length, "track")}</p>
      <${Table} key=${movement} caption=${`${chart.name}, ranking of ${day(at)}`} columns=${columns} rows=${shown} sort=${movement === "exit" ? "before" : "position"} most=${50} keyOf=${(row) => row.track.number} />
      ${isNewest && shown.some((row) => row.streak > 1) && html`<p class="note">A dot at the peak: reached with this ranking for the first time. Peak, streak and times on the chart go by stored rankings, since ${day(chart.firstAt)}.</p>`}
      ${movement === ANY && gone.length > 0 && html`
        <p class="left"><b>Left since ${isNewest && chart.previousAt ? day(chart.previousAt) : "the ranking before"}:</b>${" "}
          ${gone.slice(0, 12).map((row, index) => html`${index > 0 && ", "}<a href=${addressOf.track(row.track)}><${Name}>${row.track.name}<//></a> (${row.previous})`)}
          ${gone.length > 12 && html`, and ${gone.length - 12} more`}
        </p>`}
    </section>`;
}

/** Its best place so far, and whether that is new. */
function Peak({ row }) {
  const isNew = row.times > 1 && row.position === row.peak && row.peakAgo === Math.round((TODAY - new Date(row.chart.rankedAt.toISOString().slice(0, 10))) / DAY_LENGTH);
  const when = `First there on ${day(daysAgo(row.peakAgo))}`;
  return isNew
    ? html`<span class="new-peak" title=${when}>${row.peak}<span class="visually-hidden">, a new peak</span></span>`
    : html`<span title=${when}>${row.peak}</span>`;
}

const METRICS = { streamcount: "Streams", spincount: "Spins", spins: "Spins", views: "Views", viewcount: "Views", shazamcount: "Shazams" };

/** An older ranking: places and how they changed since the one before it. */
function rankingAt(chart, number) {
  const rows = [];
  for (const trackNumber of details.positions[chart.number].keys()) {
    const track = tracks[trackNumber];
    const values = positionsOn(chart, track);
    const position = values[number];
    const previous = number > 0 ? values[number - 1] : null;
    if (position === null && previous === null) continue;
    const before = values.slice(0, number).some((value) => value !== null);
    const change = position !== null && previous !== null ? previous - position : null;
    const move = number === 0 ? "first"
      : position === null ? "exit"
      : previous === null ? (before ? "re-entry" : "new")
      : change > 0 ? "up" : change < 0 ? "down" : "steady";
    rows.push({ chart, track, position, previous, change, move });
  }
  return rows.sort((one, other) => (one.position ?? 1e6) - (other.position ?? 1e6));
}

/** How the chart moved: where today's top stood, how much was new, who was first. */
function ChartHistory({ chart }) {
  const known = useDetails();
  const count = 5;
  const top = useMemo(
    () => known && newest[chart.number].filter((row) => row.position !== null).slice(0, count).map((row) => ({
      label: row.track.name, values: positionsOn(chart, row.track) || [],
    })),
    [known, chart],
  );
  const turnover = useMemo(() => known && turnoverOf(chart), [known, chart]);
  if (!known) return html`<${Waiting} known=${known} title="History" />`;
  const days = known.rankings[chart.number];
  return html`
    <section aria-labelledby="history">
      <h2 id="history">History</h2>
      ${days.length < 2
        ? html`<p class="empty">One ranking is stored so far. A history begins with the second.</p>`
        : html`
          <div class="pair">
            <div class="stack">
            <${Plot} title=${`Today's first ${top.length} in the last ${plural(days.length, "ranking")}, by place`} days=${days} lines=${top} write=${short} reversed height=${240} />
            <${Plot} title="Tracks that were not in the ranking before" days=${days} lines=${turnover} write=${short} from=${0} height=${170}
              note="New entries and re-entries of each ranking. A ranking that is missing makes the next one look newer." />
            </div>
            <div><${NumberOnes} chart=${chart} /></div>
          </div>`}
    </section>`;
}

function turnoverOf(chart) {
  const rankings = details.rankings[chart.number];
  const counts = rankings.map((_, index) => (index ? 0 : null));
  for (const trackNumber of details.positions[chart.number].keys()) {
    const values = positionsOn(chart, tracks[trackNumber]);
    values.forEach((value, index) => {
      if (index && value !== null && values[index - 1] === null) counts[index] += 1;
    });
  }
  return [{ label: "Entries", values: counts }];
}

/** Who was first, in spells of rankings in a row. */
function NumberOnes({ chart }) {
  const rankings = details.rankings[chart.number];
  const firsts = new Array(rankings.length).fill(null);
  for (const trackNumber of details.positions[chart.number].keys()) {
    positionsOn(chart, tracks[trackNumber]).forEach((value, index) => {
      if (value === 1) firsts[index] = trackNumber;
    });
  }
  const spells = [];
  firsts.forEach((track, index) => {
    if (track === null) return;
    const last = spells.at(-1);
    if (last && last.track.number === track && last.to === index - 1) Object.assign(last, { to: index });
    else spells.push({ track: tracks[track], begin: index, to: index });
  });
  const columns = [
    { key: "track", title: "Track", head: true, value: (row) => row.track.name, cell: (row) => html`<${TrackName} track=${row.track} />` },
    { key: "begin", title: "From", down: true, value: (row) => row.begin, cell: (row) => day(rankings[row.begin]) },
    { key: "to", title: "To", down: true, value: (row) => row.to, cell: (row) => (row.to === rankings.length - 1 ? "now" : day(rankings[row.to])) },
    { key: "length", title: "Rankings", end: true, down: true, value: (row) => row.to - row.begin + 1 },
  ];
  return html`<h3 class="first">Number ones</h3><${Table} caption="Number ones" columns=${columns} rows=${spells} sort="begin" most=${12} />`;
}

function ChartGenres({ chart }) {
  const known = useDetails();
  const lines = useMemo(() => {
    if (!known) return [];
    const count = known.rankings[chart.number].length;
    return known.genreShares[chart.number].map((row) => {
      const values = new Array(count).fill(0);
      undone(row.steps).forEach((value, index) => {
        values[row.first + index] = (value ?? 0) / 1000;
      });
      return { label: row.genre || "Unknown", values };
    }).sort((one, other) => other.values.at(-1) - one.values.at(-1));
  }, [known, chart]);
  const most = useMemo(() => lines.slice(0, 6), [lines]);
  if (!known) return html`<${Waiting} known=${known} title="Genres" />`;
  const days = known.rankings[chart.number];
  if (!lines.length) return html`<section><h2>Genres</h2><p class="empty">No genre shares are known of this chart's rankings.</p></section>`;
  const highest = Math.max(...lines.flatMap((line) => line.values));
  const columns = [
    { key: "genre", title: "Genre", head: true, value: (line) => line.label },
    { key: "share", title: "Share now", end: true, down: true, value: (line) => line.values.at(-1), cell: (line) => percent(line.values.at(-1)) },
    { key: "change", title: `Since ${dayOfYear(days[0])}`, hint: "Change of the share in points", end: true, down: true, value: (line) => line.values.at(-1) - line.values[0], cell: (line) => points(line.values.at(-1) - line.values[0]) },
    { key: "course", title: "Course", hint: "All on one scale", value: (line) => line.values.at(-1), cell: (line) => html`<${Spark} values=${line.values} low=${0} high=${highest} label=${`${line.label}: from ${percent(line.values[0])} to ${percent(line.values.at(-1))}`} width=${160} />` },
  ];
  return html`
    <section aria-labelledby="genres">
      <h2 id="genres">Genres</h2>
      <div class="pair">
        ${days.length > 1
          ? html`<${Plot} title="Share of the tracks by genre" days=${days} lines=${most} write=${(value) => percent(value, 0)} from=${0} height=${260}
            note="A track of several genres counts for each in part, so that shares of a ranking add to 100 %." />`
          : html`<p class="empty">One ranking is stored so far. A course begins with the second.</p>`}
        <div><h3 class="first">Share of the tracks</h3><${Table} caption="Genres by share of the tracks" columns=${columns} rows=${lines} most=${12} keyOf=${(line) => line.label} /></div>
      </div>
    </section>`;
}

function points(change) {
  const value = Math.round(change * 1000) / 10;
  return html`<span class=${value > 0 ? "up" : value < 0 ? "down" : ""}>${value > 0 ? "+" : value < 0 ? MINUS : "\u00b1"}${Math.abs(value).toFixed(1)} pts</span>`;
}

/* What detail views share */

function DetailHead({ kind, title, under, facts }) {
  return html`
    <header class="head detail-head">
      <p class="kind">${kind}</p>
      <h1 tabindex="-1"><${Name}>${title}<//></h1>
      ${under && html`<p class="under">${under}</p>`}
      <dl class="facts">
        ${facts.filter(([, value]) => value !== null && value !== undefined && value !== "").map(([term, value]) => html`<div key=${term}><dt>${term}</dt><dd>${value}</dd></div>`)}
      </dl>
    </header>`;
}

const Missing = ({ kind, name }) => html`
  <header class="head"><h1 tabindex="-1">This ${kind} is not on this page</h1>
  <p class="lead">The page holds the charts that most happened on, and what was on them lately. <code>${name}</code> is not among that, or the address was cut off.</p></header>`;

function Waiting({ known, title }) {
  return html`<section><h2>${title}</h2><p class="empty">${known === false
    ? "This browser cannot unpack the page's details (it lacks DecompressionStream, which browsers have had since 2023)."
    : "Unpacking\u2026"}</p></section>`;
}
