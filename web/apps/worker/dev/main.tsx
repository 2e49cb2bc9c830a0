import "kit/theme/tokens.css";
import { chosenLanguage } from "kit/i18n/language";
import { createRoot } from "react-dom/client";
import { App } from "../app";
import { speak } from "../i18n";
import { memoryWork } from "./memory-work";

const work = memoryWork(new URLSearchParams(location.search));
// In the developer's console: `work.state()`, `scan("SC-PEN")`.
const scan = (detail: string) => dispatchEvent(new CustomEvent("scan", { detail }));
Object.assign(window, { work, scan });

function listen(onCode: (code: string) => void): () => void {
  const hear = (event: Event) => onCode((event as CustomEvent<string>).detail);
  addEventListener("scan", hear);
  return () => removeEventListener("scan", hear);
}

await speak(chosenLanguage());
const root = document.getElementById("root");
if (root) createRoot(root).render(<App work={work} listen={listen} />);
