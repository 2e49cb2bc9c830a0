import { useEffect, useState } from "react";

/** A short text in Markdown: plain until the code that reads it is there. */
export function Markdown({ source }: { source: string }) {
  const [html, setHtml] = useState<string | null>(null);
  const marked = /[*_`[\]#<>]|\n/.test(source);
  useEffect(() => {
    if (!marked) return;
    let here = true;
    void import("./render").then((module) => here && setHtml(module.renderText(source, "markdown")));
    return () => {
      here = false;
    };
  }, [source, marked]);
  if (!marked || html === null) return <span>{source}</span>;
  // biome-ignore lint/security/noDangerouslySetInnerHtml: renderText lets nothing through but plain markup
  return <div dangerouslySetInnerHTML={{ __html: html }} />;
}
