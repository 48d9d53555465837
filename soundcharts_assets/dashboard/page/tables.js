"use strict";
/* Tables that sort by every column, and the cells that several of them have. */

const COLLATOR = new Intl.Collator("en", { sensitivity: "base", numeric: true });

function compared(one, other) {
  if (typeof one === "string" || typeof other === "string") return COLLATOR.compare(one, other);
  return one < other ? -1 : one > other ? 1 : 0;
}

/** Rows in order of a column; rows without a value come last, whichever the direction. */
function sorted(rows, column, down) {
  const missing = (value) => value === null || value === undefined || value === "";
  return rows
    .map((row, index) => ({ row, index, value: column.value(row) }))
    .sort((one, other) => {
      const lacking = missing(one.value) - missing(other.value);
      if (lacking || missing(one.value)) return lacking || one.index - other.index;
      return (down ? -1 : 1) * compared(one.value, other.value) || one.index - other.index;
    })
    .map(({ row }) => row);
}

/**
 * A table.
 *
 * columns: [{ key, title, value(row), cell(row), end, down, hint, wide }]: `value` is what is sorted by, `cell` what is
 * shown (the value, where left out), `end` aligns figures, `down` says that the largest come first, `wide` that it is
 * left out on narrow screens, `head` that it names the row.
 */
function Table({ caption, columns, rows, sort, down, step = 25, most = step, empty, captionHidden = true, keyOf }) {
  const [order, setOrder] = useState({ key: sort, down });
  const [shown, setShown] = useState(most);
  const column = columns.find((one) => one.key === order.key);
  const known = useDetails(); // what is sorted by may come with them
  const ordered = useMemo(
    () => (column ? sorted(rows, column, order.down ?? column.down ?? false) : rows),
    [rows, order.key, order.down, known],
  );
  if (!rows.length) return html`<p class="empty">${empty || "Nothing fits the filters."}</p>`;
  const turn = (one) =>
    setOrder({ key: one.key, down: order.key === one.key ? !(order.down ?? one.down ?? false) : (one.down ?? false) });
  const direction = (one) => (order.key !== one.key ? "none" : (order.down ?? one.down ?? false) ? "descending" : "ascending");
  const rest = ordered.length - shown;
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label=${`Table: ${caption}`}>
      <table>
        <caption class=${captionHidden ? "visually-hidden" : ""}>${caption}</caption>
        <thead>
          <tr>
            ${columns.map((one) => html`
              <th scope="col" key=${one.key} class=${classes(one)} aria-sort=${direction(one)}>
                <button type="button" onClick=${() => turn(one)} title=${one.hint}>
                  ${one.title}<span class="arrow" aria-hidden="true"></span>
                </button>
              </th>`)}
          </tr>
        </thead>
        <tbody>
          ${ordered.slice(0, shown).map((row, index) => html`
            <tr key=${keyOf ? keyOf(row) : index}>
              ${columns.map((one) => {
                const shownCell = one.cell ? one.cell(row) : (one.value(row) ?? NONE);
                return one.head
                  ? html`<th scope="row" key=${one.key} class=${classes(one)}>${shownCell}</th>`
                  : html`<td key=${one.key} class=${classes(one)}>${shownCell}</td>`;
              })}
            </tr>`)}
        </tbody>
      </table>
    </div>
    ${rest > 0 && html`
      <p class="more">
        <button type="button" class="quiet" onClick=${() => setShown(shown + Math.max(step, 100))}>
          Show ${moreOf(rest, 100)}
        </button>
        <span>${full(shown)} of ${full(ordered.length)}</span>
      </p>`}`;
}

/** What a button brings of the rest, so many at most. */
const moreOf = (rest, most) => (rest > most ? `${most} more` : rest > 1 ? `the other ${rest}` : "the last one");

const classes = (column) => [column.end && "end", column.wide && "wide", `col-${column.key}`].filter(Boolean).join(" ");

/* Cells */

const Name = ({ children }) => html`<bdi>${children}</bdi>`;

/** A track and its credit line, which `narrow` leaves to a column of its own where there is room for one. */
const TrackName = ({ track, narrow = false }) => html`
  <a class="title" href=${addressOf.track(track)}><${Name}>${track.name}<//></a>
  ${track.credit && html`<span class=${narrow ? "credit narrow" : "credit"}><${Name}>${track.credit}<//></span>`}`;

const ChartName = ({ chart }) =>
  chart.rankings === undefined
    ? html`<span>${chart.name}<span class="credit">${[platformName(chart.platform), chart.country].filter(Boolean).join(", ")}</span></span>`
    : html`
      <a href=${addressOf.chart(chart)}><${Name}>${chart.name}<//></a>
      <span class="credit">${platformName(chart.platform)}${chart.place && html`, <${Name}>${chart.place}<//>`}</span>`;

const MOVE_WORDS = {
  "new": "New", "re-entry": "Re-entry", "up": "Up", "down": "Down", "steady": "Steady", "exit": "Exit", "first": "First ranking",
};

/** How a track moved: an arrow and a number, or a word. */
function Move({ move, change }) {
  if (move === "up" || move === "down") {
    const way = move === "up" ? "\u25b2" : "\u25bc";
    return html`
      <span class=${`move ${move}`}>
        <span aria-hidden="true">${way}${"\u2009"}${full(Math.abs(change))}</span>
        <span class="visually-hidden">${move} ${plural(Math.abs(change), "place")}</span>
      </span>`;
  }
  if (move === "steady") return html`<span class="move steady"><span aria-hidden="true">=</span><span class="visually-hidden">steady</span></span>`;
  if (move === "first") return html`<span class="move" title="The oldest stored ranking: nothing to compare with">${NONE}</span>`;
  return html`<span class=${`move ${move}`}>${MOVE_WORDS[move]}</span>`;
}

const moveOrder = (row) =>
  row.change ?? { "new": 1000, "re-entry": 999, "steady": 0, "first": null, "exit": -1000 }[row.move];

const Genres = ({ genres }) => (genres.length ? genres.join(", ") : NONE);

function ArtistLinks({ track }) {
  if (!track.artists.length) return track.credit ? html`<${Name}>${track.credit}<//>` : NONE;
  return track.artists.map((number, index) => html`${index > 0 && ", "}<a href=${addressOf.artist(artists[number])}><${Name}>${artists[number].name}<//></a>`);
}
