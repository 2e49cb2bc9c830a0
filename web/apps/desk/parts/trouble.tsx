import classes from "kit/common/trouble.module.css";
import CircleAlert from "lucide-react/icons/circle-alert";
import type { ReactNode } from "react";
import { errorWords } from "../api/errors";

/** What went wrong, and what is to be known or done about it. */
export function Trouble({ error, children }: { error: unknown; children?: ReactNode }) {
  if (!error) return null;
  return (
    <div className={classes.trouble} role="alert">
      <CircleAlert size={16} aria-hidden />
      <span>
        {errorWords(error)} {children}
      </span>
    </div>
  );
}
