import { Switch, Tooltip } from "@mantine/core";
import { useDashboard } from "../data/context";
import { namedColor } from "../model/colors";
import classes from "./annotation-switches.module.css";

/** What is marked on the charts, to be switched on and off. */
export function AnnotationSwitches() {
  const { annotations, scheme } = useDashboard();
  const shown = annotations.states.filter(({ query }) => !query.hide);
  return shown.map(({ query, enabled, error }) => (
    <Tooltip key={query.name} label={error} disabled={!error}>
      <div className={classes.item}>
        <Switch
          size="xs"
          label={query.name}
          checked={enabled}
          color={error ? "red" : undefined}
          onChange={(event) => annotations.toggle(query.name, event.currentTarget.checked)}
        />
        <span className={classes.swatch} style={{ background: namedColor(query.iconColor, scheme) }} />
      </div>
    </Tooltip>
  ));
}
