// Runs before the first paint, so that a dark screen does not flash white.
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
