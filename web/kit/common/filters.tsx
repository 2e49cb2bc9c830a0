import { SegmentedControl, TextInput } from "@mantine/core";
import { useSearchParams } from "wouter";
import { changeUrl } from "./change-url";
import classes from "./filters.module.css";

export interface Filter {
  words: string;
  /** "all", or the one state that is meant. */
  state: string;
}

/** The filter of a list, which is in the address: words to be found, and a state. */
export function useFilter(): Filter {
  const [search] = useSearchParams();
  return { words: search.get("search") ?? "", state: search.get("state") ?? "all" };
}

interface FilterBarProps {
  label: string;
  placeholder: string;
  states: readonly string[];
  count: (state: string) => number;
}

/** Where the filter is set. */
export function FilterBar({ label, placeholder, states, count }: FilterBarProps) {
  const { words, state } = useFilter();
  const [search, setSearch] = useSearchParams();
  const set = (change: Record<string, string | null>) =>
    setSearch(changeUrl(search, change), { replace: true });
  return (
    <div className={classes.filters}>
      <TextInput
        aria-label={label}
        placeholder={placeholder}
        value={words}
        onChange={(event) => set({ search: event.currentTarget.value || null })}
      />
      <SegmentedControl
        aria-label="State"
        size="xs"
        value={state}
        onChange={(value) => set({ state: value === "all" ? null : value })}
        data={["all", ...states].map((value) => ({ value, label: `${value} ${count(value)}` }))}
      />
    </div>
  );
}

/** Whether something is meant: it is in that state, and has all the words somewhere. */
export function isMeant(filter: Filter, state: string, texts: string[]): boolean {
  if (filter.state !== "all" && state !== filter.state) return false;
  const text = texts.join(" ").toLowerCase();
  return filter.words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
