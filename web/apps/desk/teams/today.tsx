import { NativeSelect } from "@mantine/core";
import calm from "kit/common/calm.module.css";
import { StateChip, type Tone } from "kit/common/chip";
import table from "kit/common/table.module.css";
import { useNow } from "kit/common/use-now";
import { number, time } from "kit/i18n/format";
import { useState } from "react";
import type { Attendant, Shift, Team } from "../api/types";
import { t } from "../i18n";
import { When } from "../parts/when";
import { inOrder, type Presence } from "./presence";
import classes from "./teams.module.css";

const TONES: Record<Presence, Tone> = {
  in: "ok",
  missing: "bad",
  later: "quiet",
  over: "warn",
  free: "quiet",
};
const COUNTED = ["in", "missing", "later"] as const;

interface Props {
  people: Attendant[];
  teams: Team[];
  shifts: Shift[];
}

/** Everybody who is to work today or has, whom somebody misses first. */
export function Today({ people, teams, shifts }: Props) {
  const now = useNow(15_000);
  const [team, setTeam] = useState("");
  const [shift, setShift] = useState("");
  const meant = people.filter(
    (one) =>
      (team === "" || String(one.team_id) === team) && (shift === "" || String(one.shift_id) === shift),
  );
  const found = inOrder(meant, now);
  if (people.length === 0) return <p className={calm.calm}>{t("teams.nobody")}</p>;
  const many = (which: Presence) => number(found.filter(([, state]) => state === which).length);
  return (
    <>
      <search className={classes.filters}>
        <NativeSelect
          label={t("teams.team")}
          value={team}
          onChange={(event) => setTeam(event.currentTarget.value)}
          data={[
            { value: "", label: t("teams.all_teams") },
            ...teams.map(({ team_id, name }) => ({ value: String(team_id), label: name })),
          ]}
        />
        <NativeSelect
          label={t("teams.shift")}
          value={shift}
          onChange={(event) => setShift(event.currentTarget.value)}
          data={[
            { value: "", label: t("teams.all_shifts") },
            ...shifts.map(({ shift_id, name }) => ({ value: String(shift_id), label: name })),
          ]}
        />
        <ul className={classes.figures}>
          {COUNTED.map((which) => (
            <li key={which}>
              <b>{many(which)}</b> {t(`presence.${which}`)}
            </li>
          ))}
        </ul>
      </search>
      <div className={table.scroll}>
        <table className={table.table}>
          <thead>
            <tr>
              <th>{t("column.worker")}</th>
              <th>{t("column.state")}</th>
              <th>{t("teams.team")}</th>
              <th>{t("teams.shift")}</th>
              <th>{t("teams.planned")}</th>
              <th>{t("teams.first")}</th>
              <th>{t("teams.last")}</th>
            </tr>
          </thead>
          <tbody>
            {found.map(([person, state]) => (
              <Row key={person.worker} {...{ person, state, teams, shifts, now }} />
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

interface RowProps {
  person: Attendant;
  state: Presence;
  teams: Team[];
  shifts: Shift[];
  now: number;
}

function Row({ person, state, teams, shifts, now }: RowProps) {
  const { worker, team_id, shift_id, planned_from, planned_until, first_at, last_at } = person;
  return (
    <tr>
      <td>
        <b>{worker}</b>
      </td>
      <td>
        <StateChip tone={TONES[state]}>{t(`presence.${state}`)}</StateChip>
      </td>
      <td>{teams.find((one) => one.team_id === team_id)?.name ?? t("teams.none")}</td>
      <td>{shifts.find((one) => one.shift_id === shift_id)?.name ?? t("teams.none")}</td>
      <td className={table.number}>
        {planned_from && planned_until
          ? `${time(Date.parse(planned_from), now)}–${time(Date.parse(planned_until), Date.parse(planned_until))}`
          : t("teams.none")}
      </td>
      <td className={table.number}>{first_at ? <When at={first_at} now={now} /> : t("teams.none")}</td>
      <td className={table.number}>{last_at ? <When at={last_at} now={now} /> : t("teams.none")}</td>
    </tr>
  );
}
