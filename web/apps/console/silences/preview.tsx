import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { LabelList, StateChip } from "kit/common/chip";
import { type Matcher, matchingAlerts } from "../api/alerting";
import classes from "./silence-form.module.css";

/** The alerts that a silence would keep back now. */
export function Preview({ matchers }: { matchers: Matcher[] }) {
  const [asked] = useDebouncedValue(matchers, 300);
  const found = useQuery({
    queryKey: ["alertmanager", "matching", asked],
    queryFn: ({ signal }) => matchingAlerts(asked, signal),
    placeholderData: keepPreviousData,
  });
  if (found.error) {
    return (
      <p className={classes.problem} role="alert">
        {found.error.message}
      </p>
    );
  }
  const count = found.data?.length ?? 0;
  return (
    <section className={classes.preview} aria-label="What it keeps back now" aria-live="polite">
      <h2>
        {found.data
          ? `It keeps back ${count === 1 ? "1 alert that fires" : `${count} alerts that fire`} now`
          : "Asking …"}
      </h2>
      <ul>
        {found.data?.map((alert) => (
          <li key={alert.fingerprint}>
            <StateChip tone="quiet">{alert.labels.severity ?? "-"}</StateChip> <b>{alert.labels.alertname}</b>
            <LabelList labels={alert.labels} without={["alertname", "severity"]} />
          </li>
        ))}
      </ul>
    </section>
  );
}
