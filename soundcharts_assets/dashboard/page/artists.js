"use strict";
/* Artists: those of the tracks on the page in a table, and one in full. */

const ARTIST_FILTERS = { country: ANY, genre: ANY };
const ARTIST_COUNTRIES = Array.from(new Set(artists.map((artist) => artist.country).filter(Boolean)))
  .map((code) => [code, countryName(code)]).sort((one, other) => COLLATOR.compare(one[1], other[1]));

const inWords = (code) => (code ? code.replace(/_/g, " ").replace(/^./, (letter) => letter.toUpperCase()) : null);

function ArtistsView() {
  const known = useDetails();
  const [filters, setFilters] = useState(ARTIST_FILTERS);
  const rows = useMemo(() => artists.filter((artist) => (filters.country === ANY || artist.country === filters.country) && genreFits(artist, filters)).map((artist) => {
    const own = (tracksByArtist.get(artist.number) || []).filter((track) => track.number < currentTracks);
    const present = own.flatMap((track) => (movesByTrack.get(track.number) || []).filter((move) => move.position !== null));
    return { artist, tracks: own.length, onCharts: new Set(present.map((move) => move.track)).size, best: present.length ? Math.min(...present.map((move) => move.position)) : null };
  }), [filters]);
  const spotify = (row, metric) => (known ? momentumOf("artist", row.artist.number, "spotify", metric) : null);
  const figure = (key, title, metric, hint) => ({ key, title, hint, end: true, down: true, wide: true, value: (row) => spotify(row, metric)?.level, cell: (row) => html`<${Figure} value=${spotify(row, metric)?.level} />` });
  const growth = (key, title, metric, hint) => ({ key, title, hint, end: true, down: true, wide: true, value: (row) => spotify(row, metric)?.growth28, cell: (row) => html`<${Growth} value=${spotify(row, metric)?.growth28} />` });
  const columns = [
    { key: "artist", title: "Artist", head: true, value: (row) => row.artist.name, cell: (row) => html`<a class="title" href=${addressOf.artist(row.artist)}><${Name}>${row.artist.name}<//></a>` },
    { key: "country", title: "Country", value: (row) => countryName(row.artist.country), cell: (row) => countryName(row.artist.country) || NONE },
    { key: "on", title: "Charting", hint: "Tracks on the newest rankings of charts on this page", end: true, down: true, value: (row) => row.onCharts },
    { key: "best", title: "Best now", hint: "Best place in the newest rankings", end: true, value: (row) => row.best },
    figure("listeners", "Listeners", "listeners", "Monthly listeners on Spotify"),
    growth("listenersGrowth", "28 days", "listeners", "Change of monthly listeners over 28 days"),
    figure("followers", "Followers", "followers", "Followers on Spotify"),
    growth("followersGrowth", "28 days", "followers", "Change of followers over 28 days"),
    { key: "stage", title: "Career stage", hint: "Soundcharts' own scale", wide: true, value: (row) => inWords(row.artist.stage) },
    { key: "genre", title: "Genre", wide: true, value: (row) => row.artist.genres.join(", "), cell: (row) => html`<${Genres} genres=${row.artist.genres} />` },
  ];
  return html`
    <${Filters.Provider} value=${[{ ...NO_FILTERS, ...filters }, (next) => setFilters({ country: next.country, genre: next.genre })]}>
      <${Head} title="Artists">Everyone credited on a track that is on a chart of this page. Listeners and followers are those on Spotify.<//>
      <form class="filters" aria-label="Filters" onSubmit=${(event) => event.preventDefault()}>
        <${Choice} name="country" label="Country of the artist" options=${ARTIST_COUNTRIES} />
        <${Choice} name="genre" label="Genre" options=${overview.genres.map((genre) => [genre, genre])} />
        <button type="button" class="quiet" disabled=${filters.country === ANY && filters.genre === ANY} onClick=${() => setFilters(ARTIST_FILTERS)}>Clear filters</button>
        <p class="said" role="status">${plural(rows.length, "artist")}</p>
      </form>
      <${Table} caption="Artists" columns=${columns} rows=${rows} sort="best" most=${50} keyOf=${(row) => row.artist.number} />
    <//>`;
}

function ArtistView({ uuid }) {
  const known = useDetails();
  const artist = artistByUuid.get(uuid);
  if (!artist) return html`<${Missing} kind="artist" name=${uuid} />`;
  return html`
    <${DetailHead} kind="Artist" title=${artist.name}
      facts=${[
        ["Country", countryName(artist.country)],
        ["City", artist.city && html`<${Name}>${artist.city}<//>`],
        ["Type", inWords(artist.type)],
        ["Genres", artist.genres.join(", ")],
        ["Career stage", inWords(artist.stage)],
        ["Growth level", inWords(artist.growth)],
      ]} />
    <${Reasons} entity="artist" number=${artist.number} />
    <${TracksOf} artist=${artist} known=${known} />
    ${known ? html`<${Audience} entity="artist" number=${artist.number} key=${uuid} />` : html`<${Waiting} known=${known} title="Audience" />`}`;
}

function TracksOf({ artist, known }) {
  const own = useMemo(() => [...(tracksByArtist.get(artist.number) || [])], [artist, known]);
  const present = (track) => (movesByTrack.get(track.number) || []).filter((move) => move.position !== null);
  const best = (track) => present(track).reduce((first, move) => (first && first.position <= move.position ? first : move), null);
  const bestEver = (track) => (known ? (known.crossChart.get(track.number) || []).find((row) => row.mark & 2) : null);
  const columns = [
    { key: "track", title: "Track", head: true, value: (track) => track.name, cell: (track) => html`<${TrackName} track=${track} />` },
    { key: "charts", title: "Charts now", end: true, down: true, value: (track) => present(track).length },
    { key: "best", title: "Best now", end: true, value: (track) => best(track)?.position },
    { key: "on", title: "On", value: (track) => best(track) && chartTitle(best(track).chart), cell: (track) => (best(track) ? html`<${ChartName} chart=${best(track).chart} />` : NONE) },
    { key: "peak", title: "Best ever", hint: "Best place in stored rankings of any chart", end: true, wide: true, value: (track) => bestEver(track)?.best },
    { key: "peakOn", title: "On", wide: true, value: (track) => bestEver(track) && chartTitle(bestEver(track).chart), cell: (track) => (bestEver(track) ? html`<${ChartName} chart=${bestEver(track).chart} />` : NONE) },
    { key: "genre", title: "Genre", wide: true, value: (track) => track.genres.join(", "), cell: (track) => html`<${Genres} genres=${track.genres} />` },
    { key: "trend", title: "Trend", hint: "Places in the last 30 rankings of the chart it is best on now", wide: true, value: (track) => best(track)?.position, cell: (track) => (best(track) ? html`<${PlacesSpark} chart=${best(track).chart} track=${track} />` : NONE) },
  ];
  return html`
    <section aria-labelledby="tracks-of">
      <h2 id="tracks-of">Tracks <span class="count">${full(own.length)}</span></h2>
      <${Table} key=${artist.number} caption=${`Tracks of ${artist.name}`} columns=${columns} rows=${own} sort="best" most=${25} empty="No track of this artist is on a chart of this page." keyOf=${(track) => track.number} />
    </section>`;
}
