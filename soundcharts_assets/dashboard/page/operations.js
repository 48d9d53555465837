"use strict";
/* The upkeep of the warehouse, for whoever runs it. */

const upkeep = overview.operations;

const endpointName = (name) => name.replace(/_/g, " ").replace("/", ", ");
const subjectName = (name) => name.replace(/_/g, " ").replace("/", ", ");

const HEALTH_WORDS = { good: "Good", late: "Late", incomplete: "Incomplete", invalid: "Invalid", empty: "Empty" };
const STATUS_WORDS = {
  ok: "fetched", empty: "nothing there", not_found: "not found", gone: "gone", unsupported: "unsupported",
  forbidden: "forbidden by the plan", failed: "failed", malformed: "malformed", wanted: "wanted",
};
/* What failed is asked for again by itself; where nothing is, an answer said so. */
const FAILING = ["failed", "malformed", "forbidden"];
const NOTHING_THERE = ["empty", "not_found", "gone", "unsupported"];

function Ago({ at }) {
  if (!at) return NONE;
  return html`<span title=${instant(date(at))}>${age(date(at), NOW)}</span>`;
}

const total = (kinds) => kinds.reduce((sum, kind) => sum + kind.rows, 0);

/** How many rows, and below it how many of which kind, but for the kind that goes without saying. */
function Kinds({ of, but }) {
  const told = of.filter((kind) => kind.status !== but && kind.rows);
  return html`${full(total(of))}${told.length > 0 && html`<span class="credit">${told.map((kind) => `${full(kind.rows)} ${STATUS_WORDS[kind.status] || kind.status}`).join(", ")}</span>`}`;
}

function OperationsView() {
  const due = Object.values(upkeep.due).reduce((sum, count) => sum + count, 0);
  const month = Object.values(upkeep.month).reduce((sum, count) => sum + count, 0);
  const failing = objects(upkeep.ledger).filter((row) => FAILING.includes(row.status)).reduce((sum, row) => sum + row.rows, 0);
  const unwell = objects(upkeep.charts).filter((chart) => chart.health && chart.health !== "good").length;
  const daily = typeof upkeep.daily === "number" ? `of ${full(upkeep.daily)} a day` : upkeep.daily === "unlimited" ? "no daily limit" : "no daily budget set";
  const unreached = Object.entries(upkeep.unreached).filter(([, count]) => count);
  return html`
    <${Head} title="Operations">How complete and fresh the warehouse is, what keeping it so takes, and what failed. As of ${instant(NOW)}.<//>
    ${upkeep.breaker && html`
      <p class="callout alarm"><b>Paused: ${upkeep.breaker.kind}.</b>${" "}Nothing is fetched since ${instant(date(upkeep.breaker.since))}; the next look is at ${instant(date(upkeep.breaker.look))}. <code>soundcharts-assets status</code> tells why.</p>`}
    ${upkeep.spooled > 0 && html`<p class="callout alarm"><b>${plural(upkeep.spooled, "batch", "batches")} set aside.</b>${" "}The warehouse was held when they came; the next pass stores them first.</p>`}
    <dl class="tiles">
      <div><dt>Charts not in order</dt><dd class=${unwell ? "down" : ""}>${full(unwell)}</dd><dd class="of">of ${full(upkeep.followed)} followed</dd></div>
      <div><dt>Rows due now</dt><dd>${full(due)}</dd><dd class="of">what charts share counts once</dd></div>
      <div><dt>Failing rows</dt><dd class=${failing ? "down" : ""}>${full(failing)}</dd><dd class="of">failed, malformed, forbidden</dd></div>
      <div><dt>Requests today</dt><dd>${full(upkeep.spentToday)}</dd><dd class="of">${daily}</dd></div>
      <div><dt>Quota left</dt><dd><${Figure} value=${upkeep.quotaLeft} /></dd><dd class="of">${upkeep.reserve ? `${full(upkeep.reserve)} of it in reserve` : "as last heard of"}</dd></div>
      <div><dt>Next 30 days</dt><dd><${Figure} value=${month} /></dd><dd class="of">calls at the present settings</dd></div>
    </dl>
    <${FreshnessByChart} />
    <${ByAsset} />
    <${CallsByDay} />
    ${unreached.length > 0 && html`<p class="note">Stored, reached by no followed chart and not refreshed: ${unreached.map(([name, count]) => `${full(count)} ${name}`).join(", ")}.</p>`}`;
}

function FreshnessByChart() {
  const rows = objects(upkeep.charts);
  const failures = (chart) => Object.entries(chart.failures).filter(([status]) => FAILING.includes(status)).map(([status, rows]) => ({ status, rows }));
  const columns = [
    { key: "chart", title: "Chart", head: true, value: (row) => row.slug, cell: (row) => html`${chartBySlug.has(row.slug) ? html`<a class="title" href=${addressOf.chart(row)}>${row.slug}</a>` : html`<span class="title">${row.slug}</span>`}<span class="credit"><${Name}>${row.title || "not heard of yet"}<//></span>` },
    { key: "health", title: "Health", value: (row) => row.health, cell: (row) => html`<${Health} row=${row} />` },
    { key: "newest", title: "Newest ranking", down: true, value: (row) => row.newest && date(row.newest).getTime(), cell: (row) => (row.newest ? html`<span title=${instant(date(row.newest))}>${day(date(row.newest))}</span>` : NONE) },
    { key: "polled", title: "Polled", hint: "How long ago", end: true, wide: true, value: (row) => row.polled && -date(row.polled).getTime(), cell: (row) => html`<${Ago} at=${row.polled} />` },
    { key: "next", title: "Next poll", end: true, wide: true, value: (row) => row.nextPoll, cell: (row) => (row.nextPoll?.startsWith("2") ? html`<span title=${instant(date(row.nextPoll))}>in ${age(NOW, date(row.nextPoll))}</span>` : row.nextPoll || NONE) },
    { key: "tracks", title: "Tracks", hint: "That it reaches", end: true, down: true, wide: true, value: (row) => row.tracks, cell: (row) => full(row.tracks) },
    { key: "artists", title: "Artists", hint: "That it reaches", end: true, down: true, wide: true, value: (row) => row.artists, cell: (row) => full(row.artists) },
    { key: "due", title: "Due", hint: "Rows that a run would ask for now", end: true, down: true, value: (row) => row.due, cell: (row) => full(row.due) },
    { key: "metadata", title: "Metadata", hint: "Age of the stalest", end: true, down: true, wide: true, value: (row) => row.metadata && NOW - date(row.metadata), cell: (row) => html`<${Ago} at=${row.metadata} />` },
    { key: "series", title: "Series", hint: "Age of the stalest", end: true, down: true, value: (row) => row.series && NOW - date(row.series), cell: (row) => html`<${Ago} at=${row.series} />` },
    { key: "failures", title: "Failing", hint: "Rows whose last answer was none, to be asked for again", end: true, down: true, value: (row) => total(failures(row)), cell: (row) => html`<${Kinds} of=${failures(row)} />` },
  ];
  return html`
    <section aria-labelledby="freshness">
      <h2 id="freshness">Freshness by chart</h2>
      <${Table} caption="Freshness by chart" columns=${columns} rows=${rows} sort="due" most=${100} empty="No chart is followed. Name some in soundcharts.yaml." keyOf=${(row) => row.slug} />
      ${upkeep.retired > 0 && html`<p class="note">${plural(upkeep.retired, "chart is", "charts are")} known and followed no more.</p>`}
    </section>`;
}

function Health({ row }) {
  if (!row.health) return NONE;
  return html`
    <span class=${`health ${row.health}`}>${HEALTH_WORDS[row.health] || row.health}</span>
    ${row.reason && html`<span class="credit reason">${inWords(row.reason)}</span>`}`;
}

function ByAsset() {
  const bySubject = grouped(objects(upkeep.ledger), (row) => row.subject);
  const names = Array.from(new Set([...bySubject.keys(), ...Object.keys(upkeep.due), ...Object.keys(upkeep.month)]));
  const order = ["charts", "available_rankings", "chart_rankings", "tracks", "artists"];
  const place = (name) => (order.includes(name) ? order.indexOf(name) : order.length);
  const rows = names.map((name) => {
    const own = bySubject.get(name) || [];
    const times = (key) => own.map((row) => row[key]).filter(Boolean).map((text) => date(text).getTime());
    return {
      name,
      rows: own.reduce((sum, row) => sum + row.rows, 0),
      due: upkeep.due[name] || 0,
      month: upkeep.month[name] ?? null,
      oldest: times("oldest").length ? Math.min(...times("oldest")) : null,
      newest: times("newest").length ? Math.max(...times("newest")) : null,
      failures: own.filter((row) => FAILING.includes(row.status)),
      empty: own.filter((row) => NOTHING_THERE.includes(row.status)),
    };
  }).sort((one, other) => place(one.name) - place(other.name) || COLLATOR.compare(one.name, other.name));
  const ago = (at) => (at === null ? NONE : html`<span title=${instant(new Date(at))}>${age(new Date(at), NOW)}</span>`);
  const month = Object.values(upkeep.month).reduce((sum, count) => sum + count, 0);
  const columns = [
    { key: "asset", title: "Asset", head: true, value: (row) => subjectName(row.name) },
    { key: "rows", title: "Rows", hint: "Ever asked for", end: true, down: true, value: (row) => row.rows, cell: (row) => full(row.rows) },
    { key: "due", title: "Due", hint: "That a run would ask for now", end: true, down: true, value: (row) => row.due, cell: (row) => full(row.due) },
    { key: "newest", title: "Newest", hint: "Age of the newest answer", end: true, wide: true, value: (row) => row.newest && -row.newest, cell: (row) => ago(row.newest) },
    { key: "oldest", title: "Oldest", hint: "Age of the oldest answer, of what is reached no more as well", end: true, down: true, wide: true, value: (row) => row.oldest && -row.oldest, cell: (row) => ago(row.oldest) },
    { key: "empty", title: "Nothing there", hint: "Soundcharts has no figures of it, or does not know it", end: true, down: true, wide: true, value: (row) => total(row.empty), cell: (row) => html`<${Kinds} of=${row.empty} but="empty" />` },
    { key: "failures", title: "Failing", hint: "Rows whose last answer was none, to be asked for again", end: true, down: true, value: (row) => total(row.failures), cell: (row) => html`<${Kinds} of=${row.failures} />` },
    { key: "month", title: "Next 30 days", hint: "Calls, if charts go on as they are", end: true, down: true, value: (row) => row.month, cell: (row) => (row.month === null ? NONE : full(row.month)) },
  ];
  return html`
    <section aria-labelledby="assets">
      <h2 id="assets">Due, failing and cost by asset</h2>
      <${Table} caption="Due, failing and cost by asset" columns=${columns} rows=${rows} most=${50} keyOf=${(row) => row.name} />
      <p class="note">Next 30 days: ${full(month)} calls, about ${full(Math.round(month / 30))} a day${typeof upkeep.daily === "number" ? `; the daily budget allows ${full(upkeep.daily)}` : ""}.
        ${upkeep.monthAssumed ? ` For ${plural(upkeep.monthAssumed, "chart")} without a stored ranking that is an assumption.` : ""}</p>
    </section>`;
}

function CallsByDay() {
  const rows = objects(upkeep.days);
  const filled = useMemo(() => {
    const byDay = new Map(rows.map((row) => [row.day, row]));
    const count = rows.length ? Math.max(8, Math.round((TODAY - new Date(rows[0].day)) / DAY_LENGTH) + 1) : 8;
    const days = Array.from({ length: count }, (_, index) => daysAgo(count - 1 - index));
    const own = (name) => days.map((one) => byDay.get(one.toISOString().slice(0, 10))?.[name] ?? null);
    return { days, calls: [{ label: "Requests", values: own("requests") }], quota: [{ label: "Quota left", values: own("quota") }] };
  }, []);
  const endpoints = Array.from(grouped(objects(upkeep.endpoints), (row) => row.endpoint), ([name, own]) => ({
    name,
    calls: own.reduce((sum, row) => sum + row.calls, 0),
    requests: own.reduce((sum, row) => sum + row.requests, 0),
    refused: own.filter((row) => !row.status.startsWith("2")),
  }));
  const refused = (row) => row.refused.reduce((sum, one) => sum + one.calls, 0);
  const columns = [
    { key: "endpoint", title: "Endpoint", head: true, value: (row) => endpointName(row.name) },
    { key: "calls", title: "Calls", end: true, down: true, value: (row) => row.calls, cell: (row) => full(row.calls) },
    { key: "requests", title: "Of the quota", hint: "Requests of the quota: a batch may take one for each id", end: true, down: true, value: (row) => row.requests, cell: (row) => full(row.requests) },
    { key: "refused", title: "Other answers", end: true, down: true, value: refused, cell: (row) => (row.refused.length ? html`${full(refused(row))}<span class="credit">${row.refused.map((one) => `${full(one.calls)}\u00d7 ${one.status}`).join(", ")}</span>` : "0") },
  ];
  if (!rows.length) return html`<section><h2>Calls</h2><p class="empty">Soundcharts was not asked for anything in the last ${upkeep.daysShown} days.</p></section>`;
  return html`
    <section aria-labelledby="calls">
      <h2 id="calls">Calls in the last ${upkeep.daysShown} days</h2>
      <div class="pair">
        <div class="stack">
          <${Plot} title="Requests by day (UTC)" days=${filled.days} lines=${filled.calls} write=${short} from=${0} height=${180} note="A gap is a day without a call." />
          <${Plot} title="Quota left, lowest of the day" days=${filled.days} lines=${filled.quota} write=${short} height=${180} />
        </div>
        <div>
          <h3 class="first">By endpoint</h3>
          <${Table} caption="Calls by endpoint" columns=${columns} rows=${endpoints} sort="calls" most=${40} keyOf=${(row) => row.name} />
        </div>
      </div>
    </section>`;
}
