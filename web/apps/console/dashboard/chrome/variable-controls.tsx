import { MultiSelect, Select, TextInput, Tooltip } from "@mantine/core";
import { lazy, Suspense, useId, useState } from "react";
import { useDashboard } from "../data/context";
import type { VariableState } from "../data/use-variables";
import { ALL, ALL_TEXT } from "../model/variables";
import classes from "./variable-controls.module.css";

const AdHocFilters = lazy(() => import("./ad-hoc-filters"));

/** The choices that a dashboard offers. */
export function VariableControls() {
  const { variables } = useDashboard();
  return variables.states
    .filter(({ variable }) => variable.hide !== "variable" && variable.type !== "constant")
    .map((state) => <Control key={state.variable.name} state={state} />);
}

function Control({ state }: { state: VariableState }) {
  const { variable, error } = state;
  const id = useId();
  const label = variable.label || variable.name;
  return (
    <div className={classes.control} data-variable={variable.name}>
      {variable.hide !== "label" && (
        <label htmlFor={id} className={classes.label} title={variable.description || undefined}>
          {label}
        </label>
      )}
      <Field id={id} label={label} state={state} />
      {error && (
        <Tooltip label={error} multiline maw={360} events={{ hover: true, focus: true, touch: true }}>
          <button type="button" className={classes.error} aria-label={`${label}: ${error}`}>
            !
          </button>
        </Tooltip>
      )}
    </div>
  );
}

interface FieldProps {
  id: string;
  label: string;
  state: VariableState;
}

function Field({ id, label, state }: FieldProps) {
  const { variable } = state;
  if (variable.type === "adhoc") {
    return (
      <Suspense>
        <AdHocFilters id={id} label={label} state={state} />
      </Suspense>
    );
  }
  if (variable.type === "unsupported") {
    return (
      <span className={classes.unsupported}>variables of type “{variable.rawType}” are not supported</span>
    );
  }
  if (variable.type === "textbox") return <TextField id={id} label={label} state={state} />;
  return variable.multi ? (
    <ManyField id={id} label={label} state={state} />
  ) : (
    <OneField id={id} label={label} state={state} />
  );
}

function itemsOf({ variable, options, chosen }: VariableState): { value: string; label: string }[] {
  const known = (options ?? []).map((option) => ({ value: option.value, label: option.text }));
  const strangers = chosen.filter((value) => value !== ALL && !known.some((item) => item.value === value));
  const all = variable.includeAll ? [{ value: ALL, label: ALL_TEXT }] : [];
  return [...all, ...known, ...strangers.map((value) => ({ value, label: value }))];
}

/** Wide enough for the longest, in letters, and no wider than is seemly. */
function widthOf(lengths: number[]): string {
  return `${Math.min(46, Math.max(8, ...lengths) + 6)}ch`;
}

function useChoose(name: string): (values: string[]) => void {
  const { navigate } = useDashboard();
  return (values) => navigate({ [`var-${name}`]: values.length > 0 ? values : null });
}

function OneField({ id, label, state }: FieldProps) {
  const choose = useChoose(state.variable.name);
  const items = itemsOf(state);
  return (
    <Select
      id={id}
      aria-label={label}
      size="xs"
      className={classes.select}
      style={{ width: widthOf(items.map((item) => item.label.length)) }}
      data={items}
      value={state.chosen[0] ?? null}
      onChange={(value) => value !== null && choose([value])}
      searchable={items.length > 8}
      allowDeselect={false}
      placeholder={state.options === null ? "Loading" : "None"}
      limit={200}
      comboboxProps={{ width: "max-content", position: "bottom-start" }}
    />
  );
}

function ManyField({ id, label, state }: FieldProps) {
  const choose = useChoose(state.variable.name);
  const change = (values: string[]) => {
    const added = values.find((value) => !state.chosen.includes(value));
    // All and a choice exclude each other: what was picked last counts.
    if (added === ALL || values.length === 0) choose(state.variable.includeAll ? [ALL] : []);
    else choose(values.filter((value) => value !== ALL));
  };
  return (
    <MultiSelect
      id={id}
      aria-label={label}
      size="xs"
      className={classes.select}
      classNames={{ inputField: classes.field }}
      style={{ width: widthOf([Math.max(4, state.chosen.join("").length + state.chosen.length * 5)]) }}
      data={itemsOf(state)}
      value={state.chosen}
      onChange={change}
      searchable
      nothingFoundMessage="Nothing found"
      limit={200}
      maxDropdownHeight={320}
      comboboxProps={{ width: "max-content", position: "bottom-start" }}
    />
  );
}

function TextField({ id, label, state }: FieldProps) {
  const choose = useChoose(state.variable.name);
  const current = state.chosen[0] ?? "";
  const [text, setText] = useState({ of: current, value: current });
  const value = text.of === current ? text.value : current;
  const apply = () => value !== current && choose([value]);
  return (
    <TextInput
      id={id}
      aria-label={label}
      size="xs"
      value={value}
      onChange={(event) => setText({ of: current, value: event.currentTarget.value })}
      onBlur={apply}
      onKeyDown={(event) => event.key === "Enter" && apply()}
    />
  );
}
