"use strict";
/* Tracks: those on the charts in a table, and one in full: its places, its audience, and what is known of it. */

const momentumOf = (entity, number, platform, metric) =>
  (details?.[`${entity}Momentum`].get(number) || []).find((row) => row.platform === platform && (metric === undefined || row.metric === metric));

function TracksView() {
  const [filters] = useContext(Filters);
  const known = useDetails();
  const rows = useMemo(() => {
    const filtered = [filters.chart, filters.platform, filters.country].some((value) => value !== ANY);
    return tracks.slice(0, currentTracks).filter((track) => genreFits(track, filters)).map((track) => {
      const present = (movesByTrack.get(track.number) || []).filter((move) => move.position !== null && chartFits(move.chart, filters));
      const best = present.reduce((first, move) => (first && first.position <= move.position ? first : move), null);
      return { track, count: present.length, best, facts: known ? known.facts[track.number] : {} };
    }).filter((row) => !filtered || row.count);
  }, [filters, known]);
  const streams = (row) => known && momentumOf("track", row.track.number, "spotify");
  const columns = [
    { key: "track", title: "Track", head: true, value: (row) => row.track.name, cell: (row) => html`<${TrackName} track=${row.track} narrow />` },
    { key: "artist", title: "Artists", wide: true, value: (row) => row.track.credit, cell: (row) => html`<${ArtistLinks} track=${row.track} />` },
    { key: "charts", title: "Charts", hint: "Charts on this page whose newest ranking holds it", end: true, down: true, value: (row) => row.count },
    { key: "best", title: "Best now", hint: "Best place in the newest rankings", end: true, value: (row) => row.best?.position, cell: (row) => (row.best ? html`<span title=${chartTitle(row.best.chart)}>${row.best.position}</span>` : NONE) },
    { key: "on", title: "On", wide: true, hint: "The chart of that place", value: (row) => row.best && chartTitle(row.best.chart), cell: (row) => (row.best ? html`<${ChartName} chart=${row.best.chart} />` : NONE) },
    { key: "perday", title: "Streams a day", hint: "On Spotify, over the last 7 days", end: true, down: true, wide: true, value: (row) => streams(row)?.perDay, cell: (row) => html`<${Figure} value=${streams(row)?.perDay} unit="streams a day" />` },
    { key: "acceleration", title: "Pace", hint: "Streams a day over 7 days, as a share of those over 28 days, less 1", end: true, down: true, wide: true, value: (row) => streams(row)?.acceleration, cell: (row) => html`<${Pace} row=${streams(row)} />` },
    { key: "shazams", title: "Shazams a day", hint: "Over the last 7 days", end: true, down: true, wide: true, value: (row) => known && momentumOf("track", row.track.number, "shazam")?.perDay, cell: (row) => html`<${Figure} value=${known ? momentumOf("track", row.track.number, "shazam")?.perDay : null} />` },
    { key: "released", title: "Released", down: false, wide: true, value: (row) => row.facts.released, cell: (row) => (row.facts.released === null || row.facts.released === undefined ? NONE : day(daysAgo(row.facts.released))) },
    { key: "genre", title: "Genre", wide: true, value: (row) => row.track.genres.join(", "), cell: (row) => html`<${Genres} genres=${row.track.genres} />` },
  ];
  return html`
    <${Head} title="Tracks">Every track on the newest ranking of a chart on this page, and those that have just left one.<//>
    <${FilterBar} names=${["chart", "platform", "country", "genre"]} said=${plural(rows.length, "track")} />
    <${Table} caption="Tracks" columns=${columns} rows=${rows} sort="best" most=${50} keyOf=${(row) => row.track.number} />`;
}

/** How the pace of a week compares with that of four. */
function Pace({ row }) {
  if (!row || row.acceleration === null) return NONE;
  return html`<${Growth} value=${row.acceleration - 1} />`;
}

function TrackView({ uuid }) {
  const known = useDetails();
  const track = trackByUuid.get(uuid);
  if (!track) return known ? html`<${Missing} kind="track" name=${uuid} />` : html`<${Waiting} known=${known} title="Track" />`;
  const facts = (known && known.facts[track.number]) || {};
  return html`
    <${DetailHead} kind="Track" title=${track.name} under=${html`by <${ArtistLinks} track=${track} />`}
      facts=${[
        ["Credit line", track.credit && html`<${Name}>${track.credit}<//>`],
        ["Genres", track.genres.join(", ")],
        ["Released", facts.released !== null && facts.released !== undefined ? day(daysAgo(facts.released)) : null],
        ["Label", facts.label && html`<${Name}>${facts.label}<//>`],
        ["Distributor", facts.distributor && html`<${Name}>${facts.distributor}<//>`],
        ["Length", facts.seconds ? `${Math.floor(facts.seconds / 60)}:${String(facts.seconds % 60).padStart(2, "0")}` : null],
        ["Language", languageName(facts.language)],
        ["Explicit", facts.explicit === true ? "yes" : facts.explicit === false ? "no" : null],
        ["Composers", facts.composers?.length ? html`<${Name}>${facts.composers.join(", ")}<//>` : null],
        ["Producers", facts.producers?.length ? html`<${Name}>${facts.producers.join(", ")}<//>` : null],
        ["ISRC", facts.isrc],
      ]} />
    <${Reasons} entity="track" number=${track.number} />
    ${known
      ? html`<${WhereItCharts} track=${track} key=${uuid} /><${Audience} entity="track" number=${track.number} key=${`audience ${uuid}`} />`
      : html`<${Waiting} known=${known} title="Charts and audience" />`}`;
}

/** What is notable of a track or an artist, where it is. */
function Reasons({ entity, number }) {
  const one = notable.find((candidate) => candidate.entity === entity && candidate.number === number);
  return one ? html`<p class="callout"><b>Stands out, no. ${one.rank} of ${full(notable.length)}.</b>${" "}${withDays(one.reasons)}</p>` : null;
}

function WhereItCharts({ track }) {
  const rows = details.crossChart.get(track.number) || [];
  const lines = useMemo(() => placesByDay(track), [track]);
  const columns = [
    { key: "chart", title: "Chart", head: true, value: (row) => `${row.chart.name} ${row.chart.place ?? row.chart.country}`, cell: (row) => html`<${ChartName} chart=${row.chart} />` },
    { key: "position", title: "Now", end: true, value: (row) => row.position, cell: (row) => row.position ?? html`<span class="none" title=${`Last on ${day(daysAgo(row.lastAgo))}`}>left</span>` },
    { key: "change", title: "Change", end: true, down: true, hint: "Places since the stored ranking before", value: (row) => moveHere(track, row)?.change, cell: (row) => (moveHere(track, row) ? html`<${Move} ...${moveHere(track, row)} />` : NONE) },
    { key: "best", title: "Best", hint: "Best place in stored rankings", end: true, value: (row) => row.best, cell: (row) => html`${row.best}${row.mark & 2 ? html`<abbr title="Its best place on any chart">\u2605</abbr>` : ""}` },
    { key: "bestOn", title: "On", wide: true, value: (row) => -row.bestAgo, down: true, cell: (row) => day(daysAgo(row.bestAgo)) },
    { key: "firstOn", title: "Entered", value: (row) => -row.firstAgo, cell: (row) => html`${day(daysAgo(row.firstAgo))}${row.mark & 1 ? html`<abbr title="The chart that had it first">\u2605</abbr>` : ""}` },
    { key: "first", title: "At", hint: "Place of the first stored ranking that holds it", end: true, wide: true, value: (row) => row.first },
    { key: "rankings", title: "Rankings", hint: "Stored rankings that hold it", end: true, down: true, wide: true, value: (row) => row.rankings },
    { key: "lastOn", title: "Last on it", wide: true, down: true, value: (row) => -row.lastAgo, cell: (row) => (row.position === null ? day(daysAgo(row.lastAgo)) : "now") },
  ];
  return html`
    <section aria-labelledby="places">
      <h2 id="places">Places on charts</h2>
      ${lines.lines.length
        ? html`<${Plot} title=${`Place in ${lines.lines.length === 1 ? "the ranking" : "the rankings"} of each day`} days=${lines.days} lines=${lines.lines} write=${short} reversed height=${280}
          note=${`The last ${overview.state.rankingsShown} rankings of each chart at most. A gap is a day on which the track was not on the chart, or of which no ranking is stored. Weekly rankings are points.`} />`
        : html`<p class="empty">No place of this track is among the rankings on this page.</p>`}
      <${Table} caption="Charts that hold or held the track" columns=${columns} rows=${rows} sort="position" most=${50} empty="No stored ranking holds this track." keyOf=${(row) => row.chart.number} />
      ${rows.length > 0 && html`<p class="note">\u2605 marks the chart that had it first and its best place anywhere. All goes by stored rankings.</p>`}
    </section>`;
}

const moveHere = (track, row) => (movesByTrack.get(track.number) || []).find((move) => move.chart.number === row.chart.number);

/** Places of a track, a line for each chart, over the days from its first to today. */
function placesByDay(track) {
  const found = [];
  for (const chart of charts) {
    const values = details.rankings[chart.number].length ? positionsOn(chart, track) : null;
    if (!values) continue;
    const byDay = new Map();
    details.rankings[chart.number].forEach((at, index) => {
      const key = Math.floor(at / DAY_LENGTH);
      byDay.set(key, values[index]);
    });
    const weekly = details.rankings[chart.number].length > 1 && details.rankings[chart.number][1] - details.rankings[chart.number][0] > 3 * DAY_LENGTH;
    found.push({ chart, byDay, weekly });
  }
  if (!found.length) return { days: [], lines: [] };
  const keys = found.flatMap(({ byDay }) => Array.from(byDay).filter(([, value]) => value !== null).map(([key]) => key));
  const begin = Math.min(...keys) - 1;
  const end = Math.max(Math.floor(TODAY / DAY_LENGTH), ...keys);
  const numbers = Array.from({ length: Math.max(1, end - begin + 1) }, (_, index) => begin + index);
  return {
    days: numbers.map((number) => new Date(number * DAY_LENGTH)),
    lines: found.map(({ chart, byDay }) => ({
      label: chartTitle(chart),
      link: html`<${Name}>${chartTitle(chart)}<//>`,
      values: numbers.map((number) => byDay.get(number) ?? null),
    })),
  };
}

/* Audience, of tracks and of artists */

const AUDIENCE_ORDER = {
  track: ["spotify", "youtube", "shazam", "airplay", "tiktok", "instagram"],
  artist: ["listeners", "followers", "daily_views", "views", "likes"],
};

const METRIC_TITLES = { listeners: "monthly listeners", followers: "followers", likes: "likes", views: "channel views", daily_views: "views" };

function audienceTitle(entity, series) {
  const name = platformName(series.platform);
  if (entity === "artist") return `${name} ${METRIC_TITLES[series.metric] || series.metric}`;
  return series.platform === "shazam" ? "Shazams" : `${name} ${UNITS.track[series.platform] || "plays"}`;
}

/** Series or momentum, what most people look at first. */
function inOrder(entity, some) {
  const place = (one) => AUDIENCE_ORDER[entity].indexOf(entity === "track" ? one.platform : one.metric);
  return [...some].sort((one, other) => place(one) - place(other) || COLLATOR.compare(one.platform, other.platform));
}

function Audience({ entity, number }) {
  const known = details;
  const [isDaily, setDaily] = useState(entity === "track");
  const own = useMemo(() => inOrder(entity, known.series[entity].get(number) || []), [entity, number]);
  const days = useMemo(seriesDays, []);
  const momentum = useMemo(() => inOrder(entity, known[`${entity}Momentum`].get(number) || []), [entity, number]);
  const left = overview.series.known[entity] > overview.series.shown[entity];
  return html`
    <section aria-labelledby="audience">
      <div class="headed">
        <h2 id="audience">Audience by platform</h2>
        ${own.length > 0 && html`
          <div class="switch" role="group" aria-label="Figures">
            <button type="button" aria-pressed=${isDaily ? "true" : "false"} onClick=${() => setDaily(true)}>A day</button>
            <button type="button" aria-pressed=${isDaily ? "false" : "true"} onClick=${() => setDaily(false)}>Total</button>
          </div>`}
      </div>
      ${own.length
        ? html`
          <div class="multiples">
            ${own.map((series) => html`<${AudiencePlot} key=${`${series.platform} ${series.metric} ${isDaily}`} entity=${entity} series=${series} days=${days} isDaily=${isDaily}
              momentum=${momentum.find((row) => row.platform === series.platform && row.metric === series.metric)} />`)}
          </div>
          <p class="note">The last ${overview.state.daysShown} days at most; days without a figure are gaps.
            ${isDaily ? " What came on a day is known only where the day before is known, too." : ""}
            ${entity === "track" ? " Of several identifiers Spotify counts the largest; YouTube and TikTok add them up." : " Soundcharts looks at followers every 2 to 15 days, by the size of the artist."}</p>`
        : html`<p class="empty">${left && momentum.length
          ? `Figures by day are on this page for the first ${full(overview.series.shown[entity])} ${entity}s only, to keep it small. The newest ones are in the table.`
          : "No figures are stored of the last weeks: audiences of this chart may not be followed, or Soundcharts has none."}</p>`}
      <${MomentumTable} entity=${entity} rows=${momentum} />
    </section>`;
}

function AudiencePlot({ entity, series, days, isDaily, momentum }) {
  const values = useMemo(() => {
    const all = dayValues(series);
    return !series.count && isDaily ? gains(all) : all;
  }, [series, isDaily]);
  const asDaily = series.count || isDaily;
  const unit = seriesUnit(entity, series);
  const lines = useMemo(() => [{ label: asDaily ? `${unit} a day` : unit, values }], [values]);
  const begin = days.findIndex((_, index) => values[index] !== null);
  const title = audienceTitle(entity, series) + (series.count || (isDaily && entity === "track") ? " a day" : isDaily ? ", change a day" : "");
  if (begin < 0) {
    return html`
      <figure class="figure small"><figcaption><span class="figure-title">${title}</span></figcaption>
      <p class="empty">No two days in a row are known, so none of what came on a day is.${momentum ? ` The total on ${day(daysAgo(momentum.ago))}: ${short(momentum.level)}.` : ""}</p></figure>`;
  }
  return html`<${Plot} title=${title} days=${days} lines=${lines} write=${short} height=${150} small from=${asDaily ? 0 : undefined} />`;
}

function MomentumTable({ entity, rows }) {
  if (!rows.length) return null;
  const title = (row) => audienceTitle(entity, row) + (row.count ? " a day" : "");
  const columns = [
    { key: "what", title: "Platform", head: true, value: title },
    { key: "level", title: "Newest figure", end: true, down: true, value: (row) => row.level, cell: (row) => html`<${Figure} value=${row.level} />` },
    { key: "asof", title: "Of", hint: "Day (UTC) of that figure", down: true, value: (row) => -row.ago, cell: (row) => dayOfYear(daysAgo(row.ago)) },
    { key: "perday", title: "A day", hint: "What came a day over the last 7 days", end: true, down: true, value: (row) => row.perDay, cell: (row) => html`<${Figure} value=${row.perDay} sign=${!row.count} />` },
    { key: "growth7", title: "7 days", hint: "Change over 7 days, as a share; of counts of a day, against the 7 days before", end: true, down: true, value: (row) => row.growth7, cell: (row) => html`<${Growth} value=${row.growth7} />` },
    { key: "growth28", title: "28 days", hint: "Change over 28 days, as a share; of counts of a day, against the 28 days before", end: true, down: true, value: (row) => row.growth28, cell: (row) => html`<${Growth} value=${row.growth28} />` },
    { key: "pace", title: "Pace", hint: "What came a day over 7 days, as a share of that over 28 days, less 1", end: true, down: true, wide: true, value: (row) => row.acceleration, cell: (row) => html`<${Pace} row=${row} />` },
    { key: "latest", title: "Latest day", hint: "What came a day between the newest figure and the one before", end: true, down: true, wide: true, value: (row) => row.latest, cell: (row) => html`<${Figure} value=${row.latest} sign=${!row.count} />` },
    { key: "usual", title: "Usual day", hint: "Median over the 35 days before", end: true, down: true, wide: true, value: (row) => row.usual, cell: (row) => html`<${Figure} value=${row.usual} sign=${!row.count} />` },
  ];
  return html`<h3>Momentum</h3><${Table} caption="Momentum by platform" columns=${columns} rows=${rows} most=${20} keyOf=${(row) => row.platform + row.metric} />`;
}
