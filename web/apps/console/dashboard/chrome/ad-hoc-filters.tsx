import { ActionIcon, Autocomplete, Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import Plus from "lucide-react/icons/plus";
import X from "lucide-react/icons/x";
import { useState } from "react";
import { labelNames, labelValues } from "../../api/prometheus";
import { useDashboard } from "../data/context";
import type { VariableState } from "../data/use-variables";
import { type AdHocFilter, OPERATORS, readFilters, writeFilter } from "../model/ad-hoc-filters";
import classes from "./ad-hoc-filters.module.css";

/** Filters for every query of the dashboard, and a way to another one. */
export default function AdHocFilters({
  id,
  label,
  state,
}: {
  id: string;
  label: string;
  state: VariableState;
}) {
  const { navigate } = useDashboard();
  const filters = readFilters(state.chosen);
  // None at all is said by an empty one: without any, those of the file hold.
  const choose = (chosen: AdHocFilter[]) =>
    navigate({ [`var-${state.variable.name}`]: chosen.length > 0 ? chosen.map(writeFilter) : [""] });
  return (
    <div className={classes.filters} id={id}>
      {filters.map((filter) => (
        <span key={writeFilter(filter)} className={classes.filter}>
          {`${filter.key} ${filter.operator} ${filter.value}`}
          <button
            type="button"
            aria-label={`Remove ${filter.key} ${filter.operator} ${filter.value}`}
            onClick={() => choose(filters.filter((other) => other !== filter))}
          >
            <X size={12} aria-hidden />
          </button>
        </span>
      ))}
      <Another label={label} onAdd={(filter) => choose([...filters, filter])} />
    </div>
  );
}

function Another({ label, onAdd }: { label: string; onAdd: (filter: AdHocFilter) => void }) {
  const [filter, setFilter] = useState<AdHocFilter>({ key: "", operator: "=", value: "" });
  const names = useQuery({
    queryKey: ["label-names"],
    queryFn: ({ signal }) => labelNames(null, null, signal),
  });
  const values = useQuery({
    queryKey: ["label-values", filter.key],
    queryFn: ({ signal }) => labelValues(filter.key, null, null, signal),
    enabled: filter.key !== "",
  });
  const add = () => {
    onAdd(filter);
    setFilter({ key: "", operator: "=", value: "" });
  };
  return (
    <>
      <Select
        aria-label={`${label}: label`}
        placeholder="Label"
        size="xs"
        w={120}
        searchable
        limit={200}
        data={names.data ?? []}
        value={filter.key || null}
        onChange={(key) => setFilter({ ...filter, key: key ?? "", value: "" })}
      />
      {filter.key !== "" && (
        <>
          <Select
            aria-label={`${label}: operator`}
            size="xs"
            w={64}
            allowDeselect={false}
            data={OPERATORS}
            value={filter.operator}
            onChange={(operator) => operator && setFilter({ ...filter, operator })}
          />
          <Autocomplete
            aria-label={`${label}: value`}
            placeholder="Value"
            size="xs"
            w={160}
            limit={200}
            data={values.data ?? []}
            value={filter.value}
            onChange={(value) => setFilter({ ...filter, value })}
            onKeyDown={(event) => event.key === "Enter" && add()}
          />
          <ActionIcon variant="default" size={30} aria-label={`${label}: add the filter`} onClick={add}>
            <Plus size={14} aria-hidden />
          </ActionIcon>
        </>
      )}
    </>
  );
}
