import { NativeSelect, TextInput } from "@mantine/core";
import { changeUrl } from "kit/common/change-url";
import { number } from "kit/i18n/format";
import type { RefObject } from "react";
import { useSearchParams } from "wouter";
import { t } from "../i18n";
import classes from "./board.module.css";
import { type Filter, NOBODY, STATES, type State } from "./tasks";

/** What is meant, as the address says it: it can be kept, and sent to somebody. */
export function useFilter(): Filter {
  const [search] = useSearchParams();
  const state = STATES.find((one) => one === search.get("state")) ?? "all";
  return { state, worker: search.get("worker") ?? "", words: search.get("search")?.trim() ?? "" };
}

interface Props {
  filter: Filter;
  counts: Record<State, number>;
  workers: string[];
  words: RefObject<HTMLInputElement | null>;
}

export function FilterBar({ filter, counts, workers, words }: Props) {
  const [search, setSearch] = useSearchParams();
  const set = (change: Record<string, string | null>) =>
    setSearch(changeUrl(search, change), { replace: true });
  return (
    <search className={classes.bar}>
      <fieldset className={classes.states} aria-label={t("column.state")}>
        {STATES.map((state) => (
          <button
            key={state}
            type="button"
            className={classes.state}
            aria-pressed={filter.state === state}
            onClick={() => set({ state: state === "all" ? null : state })}
          >
            {t(`state.${state}`)} <b>{number(counts[state])}</b>
          </button>
        ))}
      </fieldset>
      <NativeSelect
        aria-label={t("column.workers")}
        value={filter.worker}
        onChange={(event) => set({ worker: event.currentTarget.value || null })}
        data={[
          { value: "", label: t("board.everybody") },
          { value: NOBODY, label: t("board.nobody") },
          ...workers.map((name) => ({ value: name, label: name })),
        ]}
      />
      <TextInput
        ref={words}
        aria-label={t("board.search")}
        placeholder={t("board.search")}
        defaultValue={filter.words}
        onChange={(event) => set({ search: event.currentTarget.value || null })}
      />
    </search>
  );
}
