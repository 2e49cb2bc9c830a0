import { useEffect, useRef } from "react";

interface Props {
  source: string;
  /** "html", or "markdown" as everything else counts as. */
  mode: string;
  className?: string | undefined;
}

/** A text of the dashboard's author, plain until the code that reads its markup is there. */
export function Markup({ source, mode, className }: Props) {
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const target = element.current;
    if (!target) return;
    let wanted = true;
    void import("./render").then(async ({ renderInto }) => {
      const part = document.createElement("div");
      await renderInto(part, source, mode);
      if (wanted) target.replaceChildren(...part.childNodes);
    });
    return () => {
      wanted = false;
    };
  }, [source, mode]);
  return <div ref={element} className={className} />;
}

/** A short text, such as a description: most have no markup, and need no code to read it. */
export function ShortText({ source }: { source: string }) {
  return /[*_`[\]#<>]|\n/.test(source) ? <Markup source={source} mode="markdown" /> : <span>{source}</span>;
}
