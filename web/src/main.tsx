import "@mantine/core/styles.css";
import "@fontsource-variable/inter";
import "./theme/tokens.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app";
import { preload } from "./pages";

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
const app = createRoot(root);
// With the code of the page that is opened, so that nothing stands in for it first.
void preload(location.pathname).then(() =>
  app.render(
    <StrictMode>
      <App />
    </StrictMode>,
  ),
);
