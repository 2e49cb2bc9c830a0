import { useEffect, useState } from "react";
import { useDashboard } from "../../data/context";
import { text } from "../../model/json";
import type { PanelProps } from "../types";
import classes from "./text.module.css";

type Render = (source: string, mode: string) => string;

/** What the author of the dashboard has written, as Markdown or HTML; nothing in it can run. */
export function TextPanel({ panel }: Pick<PanelProps, "panel">) {
  const { fillText } = useDashboard();
  const [render, setRender] = useState<Render | null>(null);
  const mode = text(panel.options.mode, text(panel.raw.mode, "markdown"));
  const source = fillText(text(panel.options.content, text(panel.raw.content)), panel);

  useEffect(() => {
    let here = true;
    void import("./render").then((module) => here && setRender(() => module.renderText));
    return () => {
      here = false;
    };
  }, []);

  if (mode === "code") return <pre className={classes.code}>{source}</pre>;
  if (!render) return null;
  // biome-ignore lint/security/noDangerouslySetInnerHtml: renderText lets nothing through but plain markup
  return <div className={classes.text} dangerouslySetInnerHTML={{ __html: render(source, mode) }} />;
}
