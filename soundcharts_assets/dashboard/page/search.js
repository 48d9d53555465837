"use strict";
/* Search over tracks, artists and charts: whatever the accents, and with the keyboard alone. */

const MOST_FOUND = 12;

let searchIndex = null;
let indexedTracks = 0;

/** Everything that can be found, with the texts that it is found by. Made anew when more tracks are known. */
function everything() {
  if (searchIndex && indexedTracks === tracks.length) return searchIndex;
  indexedTracks = tracks.length;
  searchIndex = [
    ...charts.map((chart) => ({
      kind: "chart", of: chart, name: folded(chart.name),
      text: folded(`${chart.name} ${platformName(chart.platform)} ${chart.place} ${chart.countryCode} ${chart.slug}`),
    })),
    ...artists.map((artist) => ({ kind: "artist", of: artist, name: folded(artist.name), text: folded(artist.name) })),
    ...tracks.map((track) => ({ kind: "track", of: track, name: folded(track.name), text: folded(`${track.name} ${track.credit || ""}`) })),
  ];
  return searchIndex;
}

/** What fits a text, the best first: each of its words must begin a word or, failing that, be somewhere. */
function found(text) {
  const wordsWanted = folded(text).split(/\s+/).filter(Boolean);
  if (!wordsWanted.length) return { results: [], count: 0 };
  const whole = wordsWanted.join(" ");
  const fitting = [];
  for (const one of everything()) {
    if (!wordsWanted.every((word) => one.text.includes(word))) continue;
    const begins = one.name === whole ? 0 : one.name.startsWith(whole) ? 1 : wordsWanted.every((word) => (` ${one.text}`).includes(` ${word}`)) ? 2 : 3;
    fitting.push({ ...one, rank: begins });
  }
  fitting.sort((one, other) => one.rank - other.rank || one.of.number - other.of.number);
  return { results: fitting.slice(0, MOST_FOUND), count: fitting.length };
}

const KINDS = { chart: "Chart", artist: "Artist", track: "Track" };

function about({ kind, of }) {
  if (kind === "chart") return `${platformName(of.platform)}, ${of.place}`;
  if (kind === "artist") return [countryName(of.country), plural((tracksByArtist.get(of.number) || []).length, "track")].filter(Boolean).join(", ");
  return of.credit || "";
}

function Search() {
  const input = useRef(null);
  const [text, setText] = useState("");
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(0);
  const { results, count } = useMemo(() => found(text), [text, open]);
  const active = open && text.trim() !== "";

  useEffect(() => {
    const focus = (event) => {
      const typing = event.target.closest?.("input, select, textarea, [contenteditable]");
      if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        input.current.focus();
        input.current.select();
      }
    };
    document.addEventListener("keydown", focus);
    return () => document.removeEventListener("keydown", focus);
  }, []);

  const go = (result) => {
    location.hash = addressOf[result.kind](result.of);
    setOpen(false);
    setText("");
    input.current.blur();
  };
  const onKey = (event) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      if (text) setText("");
      else input.current.blur();
      setOpen(false);
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (results.length) setAt((at + (event.key === "ArrowDown" ? 1 : results.length - 1)) % results.length);
    } else if (event.key === "Enter" && active && results[at]) {
      event.preventDefault();
      go(results[at]);
    }
  };
  const said = !active ? "" : count ? `${plural(count, "result")}${count > results.length ? `, the first ${results.length} shown` : ""}` : "No results";
  return html`
    <div class="search" role="search">
      <label class="visually-hidden" for="search">Search tracks, artists and charts</label>
      <input
        id="search" ref=${input} type="search" autocomplete="off" spellcheck=${false} placeholder="Search tracks, artists, charts"
        role="combobox" aria-expanded=${active ? "true" : "false"} aria-controls="results" aria-autocomplete="list"
        aria-activedescendant=${active && results[at] ? `result-${at}` : undefined} value=${text}
        onInput=${(event) => { setText(event.target.value); setAt(0); setOpen(true); }}
        onFocus=${() => { wanted(); setOpen(true); }} onKeyDown=${onKey}
        onBlur=${() => setOpen(false)} />
      <kbd aria-hidden="true">/</kbd>
      <p class="visually-hidden" role="status">${said}</p>
      <ul id="results" role="listbox" aria-label="Results" hidden=${!active}>
        ${active && results.map((result, index) => html`
          <li id=${`result-${index}`} key=${`${result.kind}${result.of.number}`} role="option" aria-selected=${index === at ? "true" : "false"}
            onMouseDown=${(event) => event.preventDefault()} onMouseMove=${() => setAt(index)} onClick=${() => go(result)}>
            <span class="kind">${KINDS[result.kind]}</span>
            <span class="result"><${Name}>${result.of.name}<//> <span class="credit"><${Name}>${about(result)}<//></span></span>
          </li>`)}
        ${active && count > results.length && html`<li class="rest" role="presentation">${full(count - results.length)} more; type on</li>`}
        ${active && !count && html`<li class="rest" role="presentation">Nothing on this page is called that.</li>`}
      </ul>
    </div>`;
}
