// Runs before anything else, and beside the loading of the app's code.

// A dark screen must not flash white.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("magacin-theme");
  } catch {
    // Storage is off: the system's choice holds.
  }
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const scheme = chosen === "light" || chosen === "dark" ? chosen : dark ? "dark" : "light";
  document.documentElement.setAttribute("data-mantine-color-scheme", scheme);
})();

// Which dashboard the address opens, and the answers that every page waits for first. The app reads both here:
// src/api/early.ts.
(() => {
  const home = "magacin-overview";
  const place = /^\/(?:d\/([^/]+)|$)/.exec(location.pathname);
  const dashboard = place && decoded(place[1] ?? home);
  const paths = ["/api/session"];
  if (dashboard) paths.push(`/api/dashboards/${encodeURIComponent(dashboard)}`);
  const answers = paths.map((path) => {
    const answer = fetch(path, { headers: { Accept: "application/json" } });
    // Whoever picks it up hears of the failure; if nobody does, it is none.
    answer.catch(() => {});
    return [path, answer];
  });
  window.early = { home, dashboard, answers: Object.fromEntries(answers) };

  function decoded(part) {
    try {
      return decodeURIComponent(part);
    } catch {
      // Typed by hand: no dashboard has this name, and the page says so.
      return part;
    }
  }
})();
