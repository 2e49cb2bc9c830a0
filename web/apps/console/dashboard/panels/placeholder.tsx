import type { ReactNode } from "react";
import classes from "./messages.module.css";

/** What stands where something is that the console cannot show: it names what that is. */
export function Placeholder({ what, children }: { what: string; children?: ReactNode }) {
  return (
    <div className={classes.placeholder} role="note">
      <strong>{what}</strong>
      {children}
    </div>
  );
}
