import "@fontsource-variable/inter";
import "kit/theme/tokens.css";
import { chooseScheme } from "kit/early";
import { chosenLanguage, language } from "kit/i18n/language";
import { createRoot } from "react-dom/client";
import { App } from "./app";
import { speak } from "./i18n";
import { hear } from "./screen/live";
import { languageOf, Screen } from "./screen/screen";
import { server } from "./screen/server";

const { search } = location;
const screen = new Screen({
  server,
  now: () => performance.now(),
  clock: Date.now,
  random: Math.random,
  storage: localStorage,
  address: { page: import.meta.env.BASE_URL, search },
  html: () => document.documentElement.outerHTML,
  reload: () => location.reload(),
});

// The computer may go from light to dark by the hour, and nobody loads the page anew.
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", chooseScheme);

screen.subscribe(() => {
  const wanted = languageOf(search, screen.state().access);
  if (wanted && wanted !== language()) void speak(wanted);
});

void speak(languageOf(search, null) ?? chosenLanguage()).then(() => {
  const root = document.getElementById("root");
  if (!root) throw new Error("index.html has no #root");
  createRoot(root).render(<App screen={screen} />);
  hear(screen);
  screen.start();
});
