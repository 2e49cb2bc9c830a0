import "kit/theme/tokens.css";
import { chosenLanguage } from "kit/i18n/language";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app";
import { drawOnce } from "./drawing";
import { speak } from "./i18n";
import { listen } from "./scanner/wedge";
import { openWork } from "./work/open";

drawOnce(window);

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
