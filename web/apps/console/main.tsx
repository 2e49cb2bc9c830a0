import { preload } from "kit/pages";
import { start } from "kit/start";
import { App } from "./app";
import { LOGIN, PAGES } from "./pages";

// With the code of the page that is opened, so that nothing stands in for it first.
void preload([...PAGES, LOGIN], location.pathname).then(() => start(<App />));
