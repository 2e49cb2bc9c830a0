import { NativeSelect, TextInput } from "@mantine/core";
import { changeUrl } from "kit/common/change-url";
import { number } from "kit/i18n/format";
import { type RefObject, useMemo } from "react";
import { useSearchParams } from "wouter";
import type { Team } from "../api/types";
import { t } from "../i18n";
import classes from "./board.module.css";
import { type Filter, NOBODY, STATES, type State } from "./tasks";

/** What is meant, as the address says it: it can be kept, and sent to somebody. */
export function useFilter(teams: Team[]): Filter {
  const [search] = useSearchParams();
  const wanted = search.get("team");
  const members = teams.find(({ team_id }) => String(team_id) === wanted)?.workers;
  const team = useMemo(() => (members ? new Set(members) : null), [members]);
  const state = STATES.find((one) => one === search.get("state")) ?? "all";
  return { state, worker: search.get("worker") ?? "", team, words: search.get("search")?.trim() ?? "" };
}

interface Props {
  filter: Filter;
  counts: Record<State, number>;
  workers: string[];
  teams: Team[];
  words: RefObject<HTMLInputElement | null>;
}

export function FilterBar({ filter, counts, workers, teams, words }: Props) {
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
      {teams.length > 0 && (
        <NativeSelect
          aria-label={t("teams.team")}
          value={search.get("team") ?? ""}
          onChange={(event) => set({ team: event.currentTarget.value || null })}
          data={[
            { value: "", label: t("teams.all_teams") },
            ...teams.map(({ team_id, name }) => ({ value: String(team_id), label: name })),
          ]}
        />
      )}
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
