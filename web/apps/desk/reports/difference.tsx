import ArrowDown from "lucide-react/icons/arrow-down";
import ArrowUp from "lucide-react/icons/arrow-up";
import type { Figure } from "../api/types";
import { compared } from "./figures";
import classes from "./reports.module.css";
import { comparedInWords } from "./words";

interface Props {
  figure: Figure;
  now: number | null;
  before: number | null;
}

/**
 * What a figure came to beside that of before, in words, with an arrow and a colour for the quick eye; nothing where
 * there is nothing to compare with.
 */
export function Difference({ figure, now, before }: Props) {
  const comparison = compared(figure, now, before);
  if (!comparison) return null;
  const tone = comparison.isGood === true ? "ok" : comparison.isGood === false ? "bad" : undefined;
  return (
    <span className={classes.difference} data-tone={tone}>
      {comparison.way === "more" && <ArrowUp size={11} strokeWidth={2.6} aria-hidden />}
      {comparison.way === "less" && <ArrowDown size={11} strokeWidth={2.6} aria-hidden />}
      {comparedInWords(comparison)}
    </span>
  );
}
