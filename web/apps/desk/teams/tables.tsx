import { Button } from "@mantine/core";
import table from "kit/common/table.module.css";
import { clock } from "kit/i18n/format";
import type { Shift, Team } from "../api/types";
import { t } from "../i18n";
import { weekdays } from "./days";
import classes from "./teams.module.css";

interface TeamProps {
  teams: Team[];
  shifts: Shift[];
  onChange: (team: Team) => void;
  onRemove: (team: Team) => void;
}

export function TeamTable({ teams, shifts, onChange, onRemove }: TeamProps) {
  if (teams.length === 0) return null;
  return (
    <div className={table.scroll}>
      <table className={`${table.table} ${table.lined}`}>
        <thead>
          <tr>
            <th>{t("teams.team")}</th>
            <th>{t("teams.shift")}</th>
            <th>{t("column.workers")}</th>
            <td />
          </tr>
        </thead>
        <tbody>
          {teams.map((team) => (
            <tr key={team.team_id}>
              <td>
                <b>{team.name}</b>
              </td>
              <td>{shifts.find((one) => one.shift_id === team.shift_id)?.name ?? t("teams.none")}</td>
              <td className={classes.names}>{team.workers.join(", ") || t("board.nobody")}</td>
              <td>
                <Buttons name={team.name} onChange={() => onChange(team)} onRemove={() => onRemove(team)} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface ShiftProps {
  shifts: Shift[];
  onChange: (shift: Shift) => void;
  onRemove: (shift: Shift) => void;
}

export function ShiftTable({ shifts, onChange, onRemove }: ShiftProps) {
  if (shifts.length === 0) return null;
  return (
    <div className={table.scroll}>
      <table className={`${table.table} ${table.lined}`}>
        <thead>
          <tr>
            <th>{t("teams.shift")}</th>
            <th>{t("teams.hours")}</th>
            <th>{t("teams.days")}</th>
            <td />
          </tr>
        </thead>
        <tbody>
          {shifts.map((shift) => (
            <tr key={shift.shift_id}>
              <td>
                <b>{shift.name}</b>
              </td>
              <td>
                {clock(shift.starts)}–{clock(shift.ends)}
              </td>
              <td>{weekdays(shift.weekdays)}</td>
              <td>
                <Buttons
                  name={shift.name}
                  onChange={() => onChange(shift)}
                  onRemove={() => onRemove(shift)}
                />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface ButtonsProps {
  name: string;
  onChange: () => void;
  onRemove: () => void;
}

function Buttons({ name, onChange, onRemove }: ButtonsProps) {
  return (
    <div className={classes.buttons}>
      <Button size="xs" variant="default" onClick={onChange} aria-label={`${t("teams.change")} ${name}`}>
        {t("teams.change")}
      </Button>
      <Button size="xs" variant="default" onClick={onRemove} aria-label={`${t("teams.remove")} ${name}`}>
        {t("teams.remove")}
      </Button>
    </div>
  );
}
