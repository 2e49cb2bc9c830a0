import { Button, NativeSelect, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import type { Shortages } from "../api/types";
import { t } from "../i18n";
import filters from "../parts/filters.module.css";
import { WorkerSelect } from "../parts/worker-select";

export const FILTERS = ["first_day", "last_day", "sku", "worker", "reason"] as const;
const REASONS = ["short_pick", "not_found", "damaged"] as const;

interface Props {
  search: URLSearchParams;
  /** What is shown: of which days where none were named. */
  shown: Shortages | undefined;
  onChange: (change: Record<string, string | null>) => void;
}

export function ShortageFilters({ search, shown, onChange }: Props) {
  const [days, setDays] = useState<{ first?: string; last?: string }>({});
  const [sku, setSku] = useState(search.get("sku") ?? "");
  const first = days.first ?? search.get("first_day") ?? shown?.first_day ?? "";
  const last = days.last ?? search.get("last_day") ?? shown?.last_day ?? "";
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const areDays = first !== "" && last !== "";
    onChange({
      sku: sku.trim() || null,
      first_day: areDays ? first : null,
      last_day: areDays ? last : null,
    });
  };
  return (
    <form className={filters.filters} onSubmit={submit}>
      <TextInput
        type="date"
        label={t("shortages.from")}
        value={first}
        max={last || undefined}
        onChange={(event) => setDays({ ...days, first: event.currentTarget.value })}
      />
      <TextInput
        type="date"
        label={t("shortages.to")}
        value={last}
        min={first || undefined}
        onChange={(event) => setDays({ ...days, last: event.currentTarget.value })}
      />
      <TextInput
        label={t("column.article")}
        value={sku}
        onChange={(event) => setSku(event.currentTarget.value)}
      />
      <Button type="submit" variant="default">
        {t("refusals.filter")}
      </Button>
      <WorkerSelect value={search.get("worker")} onChange={(worker) => onChange({ worker })} />
      <NativeSelect
        label={t("column.reason")}
        value={search.get("reason") ?? ""}
        onChange={(event) => onChange({ reason: event.currentTarget.value || null })}
        data={[
          { value: "", label: t("shortages.any_reason") },
          ...REASONS.map((reason) => ({ value: reason, label: t(`short_reason.${reason}`) })),
        ]}
      />
    </form>
  );
}
