import CircleAlert from "lucide-react/icons/circle-alert";
import classes from "./trouble.module.css";

/** Says what cannot be had now, above what was last seen of it. What is asked again by itself says so. */
export function Trouble({ error, stale }: { error: Error | null; stale: boolean }) {
  if (!error) return null;
  return (
    <p className={classes.trouble} role="alert">
      <CircleAlert size={16} aria-hidden />
      <span>
        {error.message} {stale ? "What is shown is as it was last seen." : ""} This page tries again by
        itself.
      </span>
    </p>
  );
}
