"use strict";
/* The whole: what is always there, and which view is shown in it. */

const THEMES = [["system", "System"], ["light", "Light"], ["dark", "Dark"]];
const systemIsDark = matchMedia("(prefers-color-scheme: dark)");

/** What was chosen last; a page opened from a file may have nowhere to keep it. */
const kept = {
  read() {
    try {
      return localStorage.getItem("theme") || "system";
    } catch {
      return "system";
    }
  },
  write(theme) {
    try {
      localStorage.setItem("theme", theme);
    } catch {
      // Then it lasts as long as the page is open.
    }
  },
};

function useTheme() {
  const [theme, setTheme] = useState(kept.read);
  const [turns, setTurns] = useState(0);
  useLayoutEffect(() => {
    const show = () => {
      document.documentElement.dataset.theme = theme === "system" ? (systemIsDark.matches ? "dark" : "light") : theme;
      setTurns((count) => count + 1);
    };
    show();
    systemIsDark.addEventListener("change", show);
    return () => systemIsDark.removeEventListener("change", show);
  }, [theme]);
  const choose = (next) => {
    kept.write(next);
    setTheme(next);
  };
  return [theme, choose, turns];
}

const TABS = { changes: "What changed", charts: "Charts", tracks: "Tracks", artists: "Artists", operations: "Operations" };
const VIEWS = { changes: ChangesView, charts: ChartsView, tracks: TracksView, artists: ArtistsView, operations: OperationsView };

const isEmpty = overview.state.rankings === 0;

function App() {
  const route = useRoute();
  const [theme, chooseTheme, turns] = useTheme();
  const filters = useState(NO_FILTERS);
  const main = useRef(null);
  const visited = useRef(new Set());
  visited.current.add(route.below);

  useEffect(() => {
    const onKey = (event) => {
      if (event.key === "Escape" && route.key !== null && !event.target.closest?.("select")) route.close();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [route]);

  const known = useDetails(); // a track that left the charts is named with them
  const headed = () => main.current?.querySelector(route.key === null ? `[data-list="${route.view}"] h1` : "[data-detail] h1");
  useEffect(() => {
    const heading = headed();
    document.title = heading ? `${heading.textContent} \u2013 Chart report` : "Chart report";
  }, [route.view, route.key, known]);

  const first = useRef(true);
  useEffect(() => {
    const heading = headed();
    // A screen reader is told of the new view; where it was closed, the link that opened it has the focus again.
    if (!first.current && !(route.key === null && document.activeElement?.matches("a[href^='#']"))) heading?.focus({ preventScroll: true });
    first.current = false;
  }, [route.view, route.key]);

  const skip = (event) => {
    event.preventDefault();
    main.current.focus();
  };
  const Detail = { chart: () => html`<${ChartView} slug=${route.key} key=${route.key} />`, track: () => html`<${TrackView} uuid=${route.key} key=${route.key} />`, artist: () => html`<${ArtistView} uuid=${route.key} key=${route.key} />` }[route.view];
  return html`
    <${Theme.Provider} value=${turns}><${Filters.Provider} value=${filters}>
      <a class="skip" href="#main" onClick=${skip}>Skip to the content</a>
      <header class="top">
        <div class="bar">
          <a class="brand" href="#changes">Chart report</a>
          <nav aria-label="Views">
            ${LISTS.map((name) => html`<a key=${name} href=${`#${name}`} aria-current=${route.below === name ? (route.key === null ? "page" : "true") : undefined}>${TABS[name]}</a>`)}
          </nav>
          <${Search} />
          <div class="theme">
            <select aria-label="Theme" value=${theme} onChange=${(event) => chooseTheme(event.target.value)}>
              ${THEMES.map(([value, text]) => html`<option value=${value}>${text}</option>`)}
            </select>
          </div>
        </div>
      </header>
      <main id="main" ref=${main} tabindex="-1">
        ${isEmpty && route.below !== "operations" ? html`<${EmptyWarehouse} />` : html`
          <${Behind} />
          ${LISTS.filter((name) => visited.current.has(name)).map((name) => html`
            <div key=${name} data-list=${name} hidden=${route.key !== null || route.view !== name}>${h(VIEWS[name])}</div>`)}
          ${Detail && html`
            <div data-detail=${route.view} data-key=${route.key}>
              <p class="back"><button type="button" class="quiet" onClick=${route.close}><span aria-hidden="true">\u2190</span> ${TABS[route.below]} <kbd aria-hidden="true">Esc</kbd></button></p>
              ${Detail()}
            </div>`}`}
      </main>
      <${Footer} />
    <//><//>`;
}

function EmptyWarehouse() {
  return html`
    <header class="head"><h1 tabindex="-1">Nothing is stored yet</h1>
    <p class="lead">The warehouse holds no ranking. Three commands fill it:</p></header>
    <ol class="steps">
      <li><code>soundcharts-assets charts search</code> finds charts to follow.</li>
      <li><code>soundcharts-assets charts add SLUG</code> follows one.</li>
      <li><code>soundcharts-assets sync</code> fetches its newest ranking and all that it reaches.</li>
    </ol>
    <p class="note">Then build this page again. A ranking's movements show from the second one on, trends after a week.</p>`;
}

/** A word of warning where what is told is older than what is stored. */
function Behind() {
  const { state } = overview;
  if (isEmpty) return null;
  if (!state.movements) {
    return html`<p class="callout alarm"><b>The insight tables are empty.</b>${" "}${plural(state.rankings, "ranking")} are stored, but movements and trends were not computed from them yet. They are made anew by <code>soundcharts-assets dashboard</code>.</p>`;
  }
  if (state.behind) {
    return html`<p class="callout alarm"><b>The insight tables are behind.</b>${" "}They were made from rankings fetched up to ${instant(date(state.knownAt))}; of ${plural(state.behind, "chart")} a newer one is stored. What is told here is as of then.</p>`;
  }
  return null;
}

function Footer() {
  const { state } = overview;
  const left = state.charts - charts.length;
  const cut = ["track", "artist"].filter((entity) => overview.series.known[entity] > overview.series.shown[entity]);
  return html`
    <footer>
      <p>As of <b>${instant(NOW)}</b>. ${charts.length} of ${plural(state.charts, "followed chart")}, ${plural(currentTracks, "track")}, ${plural(artists.length, "artist")}${state.momentumAsOf && html`; newest audience figure of ${day(date(state.momentumAsOf))}`}. All days are of UTC.</p>
      ${left > 0 && html`<p><b>${plural(left, "chart is", "charts are")} not on this page</b>, to keep it small: it holds those first of which there is most to tell.</p>`}
      ${cut.length > 0 && html`<p><b>Figures by day</b> are here for ${cut.map((entity) => `${full(overview.series.shown[entity])} of ${full(overview.series.known[entity])} ${entity}s`).join(" and ")}, those first that stand out or are highest.</p>`}
      <p>Movements, peaks and streaks go by stored rankings: the last ${state.rankingsShown} of each chart are here. Series are of the last ${state.daysShown} days, in figures rounded to the hundredth part of a usual day's change.</p>
      <p>Keys: <kbd>/</kbd> searches, <kbd>Esc</kbd> closes. This file holds all it shows and loads nothing.</p>
    </footer>`;
}

history.scrollRestoration = "manual";
document.getElementById("app").replaceChildren();
render(h(App), document.getElementById("app"));
(window.requestIdleCallback || setTimeout)(() => wanted().catch(() => {}));
