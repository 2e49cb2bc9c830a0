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

// What every page asks for first; src/api/client.ts picks the answers up.
(() => {
  const paths = ["/api/session"];
  const opened = /^\/(?:d\/([^/]+)|$)/.exec(location.pathname);
  if (opened) paths.push(`/api/dashboards/${opened[1] ?? "magacin-overview"}`);
  window.begunRequests = Object.fromEntries(
    paths.map((path) => {
      const answer = fetch(path, { headers: { Accept: "application/json" } });
      // Whoever picks it up hears of the failure; if nobody does, it is none.
      answer.catch(() => {});
      return [path, answer];
    }),
  );
})();
