import { Checkbox, NativeSelect, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Colleague } from "../api/types";
import { t } from "../i18n";
import { Trouble } from "../parts/trouble";
import { useTeams } from "../parts/use-teams";
import { ask } from "../session/current";
import classes from "./board.module.css";

interface Props {
  /** How many tasks each has, where that is known. */
  loads?: Map<string, number>;
  workers: string[];
  onChange: (workers: string[]) => void;
}

/** Everybody who can be given work, to be chosen; in the order in which they were. */
export function People({ loads, workers, onChange }: Props) {
  const people = useQuery({
    queryKey: ["workers"],
    queryFn: ({ signal }) => ask<Colleague[]>("/api/workers", { signal }),
    staleTime: 60_000,
  });
  const [words, setWords] = useState("");
  const teams = useTeams().data ?? [];
  const [team, setTeam] = useState("");
  const members = teams.find(({ team_id }) => String(team_id) === team)?.workers;
  const meant = (people.data ?? []).filter(
    ({ username }) => username.includes(words.trim().toLowerCase()) && (members?.includes(username) ?? true),
  );
  const teamOf = (name: string) => teams.find(({ workers }) => workers.includes(name))?.name;
  const label = (name: string) =>
    [name, teamOf(name), loads && t("change.has_tasks", { count: loads.get(name) ?? 0 })]
      .filter(Boolean)
      .join(" · ");
  return (
    <>
      <Trouble error={people.error} />
      <TextInput
        label={t("change.search_people")}
        value={words}
        onChange={(event) => setWords(event.currentTarget.value)}
        data-autofocus
      />
      {teams.length > 0 && (
        <NativeSelect
          label={t("teams.team")}
          value={team}
          onChange={(event) => setTeam(event.currentTarget.value)}
          data={[
            { value: "", label: t("teams.all_teams") },
            ...teams.map(({ team_id, name }) => ({ value: String(team_id), label: name })),
          ]}
          mt="sm"
        />
      )}
      <Checkbox.Group value={workers} onChange={onChange} label={t("column.workers")} mt="sm">
        <div className={classes.people}>
          {meant.map(({ username }) => (
            <Checkbox key={username} value={username} label={label(username)} />
          ))}
        </div>
      </Checkbox.Group>
    </>
  );
}
