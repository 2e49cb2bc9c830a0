import { chosenLanguage } from "kit/i18n/language";
import { preload } from "kit/pages";
import { start } from "kit/start";
import { App } from "./app";
import { BASE } from "./base";
import { speak } from "./i18n";
import { PAGES } from "./pages";

const path = location.pathname.slice(BASE.length) || "/";
// With the words and the code of the page that is opened, so that nothing stands in for them first.
void Promise.all([speak(chosenLanguage()), preload(PAGES, path)]).then(() => start(<App />));
