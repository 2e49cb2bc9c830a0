import "kit/theme/tokens.css";
import { chosenLanguage } from "kit/i18n/language";
import { options } from "preact";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app";
import { speak } from "./i18n";
import { listen } from "./scanner/wedge";
import { openWork } from "./work/open";

// What one task of the browser changes is drawn once: a scan changes the work, and a moment later what is said to it.
options.debounceRendering = (draw) => setTimeout(draw);

const scanner = (onCode: (code: string) => void) => listen(window, onCode);

void Promise.all([openWork(), speak(chosenLanguage())]).then(([work]) => {
  const root = document.getElementById("root");
  if (!root) throw new Error("index.html has no #root");
  createRoot(root).render(
    <StrictMode>
      <App work={work} listen={scanner} />
    </StrictMode>,
  );
});

// Without it the application works as long as the network does.
if ("serviceWorker" in navigator) void navigator.serviceWorker.register(`${import.meta.env.BASE_URL}sw.js`);
