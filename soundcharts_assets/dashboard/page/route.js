"use strict";
/* Where one is on the page. The address after # says it, so that every view can be linked to and the back button works. */

const LISTS = ["changes", "charts", "tracks", "artists", "operations"];
const DETAILS = { chart: "charts", track: "tracks", artist: "artists" };

/** The view that an address means: a list, or a detail view and what it is of. */
function routeOf(hash) {
  const [kind, ...rest] = hash.replace(/^#/, "").split("/");
  if (Object.hasOwn(DETAILS, kind) && rest.length) {
    let key = rest.join("/");
    try {
      key = decodeURIComponent(key);
    } catch {
      // An address that was cut off is looked for as it is.
    }
    return { view: kind, key };
  }
  return { view: LISTS.includes(kind) ? kind : "changes", key: null };
}

const addressOf = {
  chart: (chart) => `#chart/${encodeURIComponent(chart.slug)}`,
  track: (track) => `#track/${encodeURIComponent(track.uuid)}`,
  artist: (artist) => `#artist/${encodeURIComponent(artist.uuid)}`,
};

/** The present route; the list that lies below a detail view; and a way to close that. */
function useRoute() {
  const [route, setRoute] = useState(() => routeOf(location.hash));
  const below = useRef(route.key === null ? route.view : DETAILS[route.view]);
  const left = useRef({ scroll: 0, focus: null });
  useEffect(() => {
    const turn = () => {
      const next = routeOf(location.hash);
      if (next.key === null) below.current = next.view;
      setRoute(next);
    };
    // Where one was in the list is noted before the link is followed: after it, the page has moved.
    const leave = (event) => {
      const link = event.target.closest?.("a[href^='#']");
      if (link && routeOf(location.hash).key === null) left.current = { scroll: scrollY, focus: link };
    };
    addEventListener("hashchange", turn);
    document.addEventListener("click", leave, true);
    return () => {
      removeEventListener("hashchange", turn);
      document.removeEventListener("click", leave, true);
    };
  }, []);
  useLayoutEffect(() => {
    if (route.key !== null) {
      scrollTo(0, 0);
    } else if (left.current.focus?.isConnected && left.current.focus.closest("[data-list]")?.dataset.list === route.view) {
      scrollTo(0, left.current.scroll);
      left.current.focus.focus({ preventScroll: true });
      left.current = { scroll: 0, focus: null };
    } else {
      scrollTo(0, 0);
    }
  }, [route.view, route.key]);
  const close = () => {
    if (route.key !== null) location.hash = `#${below.current}`;
  };
  return { ...route, below: route.key === null ? route.view : below.current, close };
}
