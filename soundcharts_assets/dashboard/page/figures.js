"use strict";
/* Figures: sparklines in tables, and charts with a legend that follows the pointer and a table that says the same.
   What is missing is a gap; nothing is drawn across it. */

const INKS = 8;

/** Steps between marks on an axis of days, in seconds: a figure is of a day, and no day is marked twice. */
const STEPS_OF_DAYS = [1, 2, 3, 7, 14, 28, 61, 91, 182, 365].map((days) => days * 86400);

/** Runs of neighbours that are known, as [index, value] pairs. */
function runs(values) {
  const found = [];
  let open = null;
  values.forEach((value, index) => {
    if (value === null || value === undefined) open = null;
    else if (open) open.push([index, value]);
    else found.push((open = [[index, value]]));
  });
  return found;
}

/** A small line without axes. With `reversed`, small values are at the top, as places of a chart are. */
function Spark({ values, reversed = false, label, low, high, width = 92, height = 22 }) {
  const known = values.filter((value) => value !== null && value !== undefined);
  if (known.length < 2) return html`<span class="spark empty" style=${{ width: `${width}px` }}></span>`;
  const least = low ?? Math.min(...known);
  const most = high ?? Math.max(...known);
  const x = (index) => 2 + (index / Math.max(1, values.length - 1)) * (width - 6);
  const y = (value) => {
    const share = most === least ? 0.5 : (value - least) / (most - least);
    return 3 + (reversed ? share : 1 - share) * (height - 6);
  };
  const parts = runs(values);
  const line = parts.filter((part) => part.length > 1)
    .map((part) => part.map(([index, value], at) => `${at ? "L" : "M"}${x(index).toFixed(1)} ${y(value).toFixed(1)}`).join(""))
    .join("");
  const alone = parts.filter((part) => part.length === 1).map(([point]) => point);
  const [lastIndex, lastValue] = parts.at(-1).at(-1);
  return html`
    <svg class="spark" width=${width} height=${height} viewBox=${`0 0 ${width} ${height}`} role="img" aria-label=${label}>
      <title>${label}</title>
      <path d=${line} />
      ${alone.map(([index, value]) => html`<circle cx=${x(index)} cy=${y(value)} r="1.2" class="alone" />`)}
      <circle cx=${x(lastIndex)} cy=${y(lastValue)} r="2" />
    </svg>`;
}

/** The trend of a track on a chart: its places in the last rankings. */
function PlacesSpark({ chart, track, count = 30 }) {
  const known = useDetails();
  if (!known) return html`<span class="spark empty"></span>`;
  const values = positionsOn(chart, track)?.slice(-count);
  if (!values || values.every((value) => value === null)) return html`<span class="spark empty"></span>`;
  const places = values.filter((value) => value !== null);
  const label = `Places in the last ${plural(values.length, "ranking")}: best ${Math.min(...places)}, worst ${Math.max(...places)}`;
  return html`<${Spark} values=${values} reversed label=${label} />`;
}

const ink = (index) => `var(--ink-${(index % INKS) + 1})`;
const valueOf = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Counts how often the theme changed, so that what is drawn on a canvas is drawn again. */
const Theme = createContext(0);

/** A point is drawn where a value has no neighbour on either side: no line shows it. */
const isolated = (plot, series) =>
  Array.from(plot.data[series].keys()).filter((index) => {
    const values = plot.data[series];
    return values[index] != null && values[index - 1] == null && values[index + 1] == null;
  });

/** Places to mark on an axis: the first one, and round ones after it. */
function placesBetween(least, most, count) {
  const step = [1, 2, 5, 10, 20, 25, 50, 100, 200, 500].find((one) => (most - least) / one <= count) || 1000;
  const found = least <= 1 ? [1] : [];
  for (let place = Math.ceil(least / step) * step || step; place <= most; place += step) {
    if (place > 1) found.push(place);
  }
  return found;
}

/**
 * A chart over time.
 *
 * lines: [{ label, values, note }]; write: how a value is written; reversed: whether small values are at the top.
 */
function Plot({ title, days, lines, write, reversed = false, height = 220, small = false, from, note }) {
  const box = useRef(null);
  const plot = useRef(null);
  const theme = useContext(Theme);
  const [at, setAt] = useState(null);
  const newestIndex = lines.reduce((last, line) => Math.max(last, line.values.findLastIndex((value) => value !== null)), 0);
  const shown = at ?? newestIndex;

  useEffect(() => {
    const colour = { muted: valueOf("--muted"), line: valueOf("--line") };
    const font = `11px ${valueOf("--font")}`;
    const axis = { stroke: colour.muted, font, ticks: { show: false }, grid: { stroke: colour.line, width: 1 } };
    const made = new uPlot(
      {
        width: box.current.clientWidth,
        height,
        tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
        legend: { show: false },
        cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
        scales: {
          x: { time: true },
          y: {
            dir: reversed ? -1 : 1,
            range: (_, least, most) => {
              if (least === null) return [0, 1];
              if (reversed) return [least <= 5 ? 0.5 : least - 2, most + (most > 20 ? 3 : 0.5)];
              const low = from === undefined ? least : Math.min(from, least);
              const pad = (most - low || Math.abs(most) || 1) * 0.08;
              return [from !== undefined && low === from ? low : low - pad, most + pad];
            },
          },
        },
        axes: [
          { ...axis, grid: { show: false }, space: small ? 70 : 90, size: 26, incrs: STEPS_OF_DAYS, values: (_, ticks) => ticks.map((tick) => dayOfYear(new Date(tick * 1000))) },
          {
            ...axis,
            size: small ? 46 : 54,
            space: small ? 34 : 40,
            ...(reversed ? { splits: (_, __, least, most) => placesBetween(least, most, height / 44) } : {}),
            values: (_, ticks) => (write === short ? shortTogether(ticks) : ticks.map(write)),
          },
        ],
        series: [
          {},
          ...lines.map((line, index) => ({
            label: line.label,
            stroke: valueOf(`--ink-${(index % INKS) + 1}`),
            width: 1.5,
            spanGaps: false,
            points: { show: true, size: 4, fill: valueOf(`--ink-${(index % INKS) + 1}`), filter: (self, number) => isolated(self, number) },
          })),
        ],
        hooks: { setCursor: [(self) => setAt(self.cursor.idx ?? null)] },
      },
      [days.map((one) => one / 1000), ...lines.map((line) => line.values)],
      box.current,
    );
    plot.current = made;
    const watcher = new ResizeObserver(() => made.setSize({ width: box.current.clientWidth, height }));
    watcher.observe(box.current);
    return () => {
      watcher.disconnect();
      made.destroy();
    };
  }, [theme, lines, days, height, reversed]);

  const known = (line) => line.values.filter((value) => value !== null);
  const said = lines.map((line) => {
    const values = known(line);
    if (!values.length) return `${line.label}: no figures`;
    const last = line.values.findLastIndex((value) => value !== null);
    return `${line.label}: ${write(line.values[last])} on ${day(days[last])}, between ${write(Math.min(...values))} and ${write(Math.max(...values))}`;
  });
  return html`
    <figure class=${small ? "figure small" : "figure"}>
      <figcaption>
        <span class="figure-title">${title}</span>
        ${!(lines.length === 1) && html`<span class="when">${day(days[shown])}</span>`}
      </figcaption>
      <ul class=${lines.length > 1 ? "legend" : "legend single"} aria-hidden="true">
        ${lines.map((line, index) => html`
          <li>
            ${lines.length > 1 && html`<i style=${{ background: ink(index) }}></i>`}
            ${lines.length > 1 && html`<span>${line.link ?? line.label}</span>`}
            <b>${line.values[shown] === null ? html`<span class="none">${at === null ? DASH : "no figure"}</span>` : write(line.values[shown])}</b>
            ${lines.length === 1 && html`<span class="when">${day(days[shown])}</span>`}
          </li>`)}
      </ul>
      <div class="plot" ref=${box} role="img" aria-label=${`${title}. ${said.join("; ")}.`}></div>
      ${note && html`<p class="note">${note}</p>`}
      <${FiguresTable} title=${title} days=${days} lines=${lines} write=${write} />
    </figure>`;
}

/** The same figures as a table, made when it is opened. */
function FiguresTable({ title, days, lines, write }) {
  const [open, setOpen] = useState(false);
  return html`
    <details class="as-table" onToggle=${(event) => setOpen(event.target.open)}>
      <summary>As a table<span class="visually-hidden">: ${title}</span></summary>
      ${open && html`
        <div class="scroll" tabindex="0" role="region" aria-label=${`${title}, as a table`}>
          <table>
            <caption class="visually-hidden">${title}</caption>
            <thead><tr><th scope="col">Day (UTC)</th>${lines.map((line) => html`<th scope="col" class="end">${line.label}</th>`)}</tr></thead>
            <tbody>
              ${days.map((one, index) => [one, index]).reverse().map(([one, index]) => html`
                <tr>
                  <th scope="row">${day(one)}</th>
                  ${lines.map((line) => html`<td class="end">${line.values[index] === null ? NONE : write(line.values[index])}</td>`)}
                </tr>`)}
            </tbody>
          </table>
        </div>`}
    </details>`;
}
