import { useDashboard } from "../../data/context";
import { text } from "../../model/json";
import type { PanelProps } from "../types";
import { Markup } from "./markup";
import classes from "./text.module.css";

/** What the author of the dashboard has written, as Markdown or HTML; nothing in it can run. */
export function TextPanel({ panel }: Pick<PanelProps, "panel">) {
  const { fillText } = useDashboard();
  const mode = text(panel.options.mode, text(panel.raw.mode, "markdown"));
  const source = fillText(text(panel.options.content, text(panel.raw.content)), panel);
  if (mode === "code") return <pre className={classes.code}>{source}</pre>;
  return <Markup source={source} mode={mode} className={classes.text} />;
}
