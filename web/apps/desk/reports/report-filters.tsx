import { Button, NativeSelect, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { BY, PERIODS, type Report } from "../api/types";
import { t } from "../i18n";
import filters from "../parts/filters.module.css";
import { WorkerSelect } from "../parts/worker-select";
import { type Asked, isOfGoods } from "./asked";
import classes from "./reports.module.css";

/** What stands in the place of a name where days are chosen by their dates. */
const CHOSEN = "chosen";

interface Props {
  asked: Asked;
  /** What is shown: which days those are that have a name. */
  shown: Report | undefined;
  onChange: (change: Record<string, string | null>) => void;
}

/** By what, of which days, of whom. */
export function ReportFilters({ asked, shown, onChange }: Props) {
  const hasDates = asked.firstDay !== null || asked.lastDay !== null;
  return (
    <div className={`${filters.filters} ${classes.screen}`}>
      <NativeSelect
        label={t("reports.by_label")}
        value={asked.by}
        onChange={(event) => onChange({ by: event.currentTarget.value, sort: null, order: null })}
        data={BY.map((by) => ({ value: by, label: t(`reports.by.${by}`) }))}
      />
      <NativeSelect
        label={t("reports.period_label")}
        value={hasDates ? CHOSEN : (asked.period ?? "")}
        onChange={(event) => {
          const period = event.currentTarget.value;
          if (period !== CHOSEN) onChange({ period: period || null, first_day: null, last_day: null });
        }}
        data={[
          { value: "", label: t("reports.last_seven") },
          ...PERIODS.map((period) => ({ value: period, label: t(`reports.period.${period}`) })),
          ...(hasDates ? [{ value: CHOSEN, label: t("reports.chosen") }] : []),
        ]}
      />
      <Dates
        // Anew where other days are shown, so that the fields say which.
        key={`${shown?.first_day} ${shown?.last_day}`}
        first={asked.firstDay ?? shown?.first_day ?? ""}
        last={asked.lastDay ?? shown?.last_day ?? ""}
        onChange={onChange}
      />
      {!isOfGoods(asked.by) && (
        <WorkerSelect value={asked.worker} onChange={(worker) => onChange({ worker })} />
      )}
    </div>
  );
}

function Dates({ first, last, onChange }: { first: string; last: string; onChange: Props["onChange"] }) {
  const [from, setFrom] = useState(first);
  const [to, setTo] = useState(last);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onChange({ period: null, first_day: from, last_day: to });
  };
  return (
    <form className={classes.dates} onSubmit={submit}>
      <TextInput
        type="date"
        required
        withAsterisk={false}
        label={t("shortages.from")}
        value={from}
        max={to || undefined}
        onChange={(event) => setFrom(event.currentTarget.value)}
      />
      <TextInput
        type="date"
        required
        withAsterisk={false}
        label={t("shortages.to")}
        value={to}
        min={from || undefined}
        onChange={(event) => setTo(event.currentTarget.value)}
      />
      <Button type="submit" variant="default">
        {t("reports.show")}
      </Button>
    </form>
  );
}
