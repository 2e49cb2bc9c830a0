import { Button } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import calm from "kit/common/calm.module.css";
import { Page, PageLoading } from "kit/shell/page";
import { useState } from "react";
import type { Attendance, Shift, Team } from "../api/types";
import { t } from "../i18n";
import { Confirm } from "../parts/confirm";
import { Trouble } from "../parts/trouble";
import { useShifts, useTeams } from "../parts/use-teams";
import { ask } from "../session/current";
import { ShiftDialog } from "./shift-dialog";
import { ShiftTable, TeamTable } from "./tables";
import { TeamDialog } from "./team-dialog";
import classes from "./teams.module.css";
import { Today } from "./today";

type Asked =
  | { what: "team"; subject: Team | null }
  | { what: "shift"; subject: Shift | null }
  | { what: "remove_team"; subject: Team }
  | { what: "remove_shift"; subject: Shift };

/** Who is in today, and the teams and shifts that say who should be. */
export default function TeamsPage() {
  const client = useQueryClient();
  const teams = useTeams();
  const shifts = useShifts();
  const today = useQuery({
    queryKey: ["attendance"],
    queryFn: ({ signal }) => ask<Attendance>("/api/attendance?limit=500", { signal }),
    refetchInterval: 30_000,
  });
  const [asked, setAsked] = useState<Asked | null>(null);
  const close = () => setAsked(null);
  const changed = () => {
    for (const name of ["teams", "shifts", "attendance"]) void client.invalidateQueries({ queryKey: [name] });
  };
  const error = teams.error ?? shifts.error ?? today.error;
  const areThere = teams.data && shifts.data && today.data;
  return (
    <Page title={t("teams.title")}>
      <Trouble error={error} />
      {!areThere && !error && <PageLoading />}
      {areThere && (
        <>
          <section className={classes.section}>
            <h2>{t("teams.today")}</h2>
            <p className={classes.hint}>{t("teams.today_means")}</p>
            <Today people={today.data.items} teams={teams.data} shifts={shifts.data} />
          </section>
          <section className={classes.section}>
            <div className={classes.head}>
              <h2>{t("teams.teams")}</h2>
              <Button size="xs" onClick={() => setAsked({ what: "team", subject: null })}>
                {t("teams.new_team")}
              </Button>
            </div>
            {teams.data.length === 0 && <p className={calm.calm}>{t("teams.no_teams")}</p>}
            <TeamTable
              teams={teams.data}
              shifts={shifts.data}
              onChange={(subject) => setAsked({ what: "team", subject })}
              onRemove={(subject) => setAsked({ what: "remove_team", subject })}
            />
          </section>
          <section className={classes.section}>
            <div className={classes.head}>
              <h2>{t("teams.shifts")}</h2>
              <Button size="xs" onClick={() => setAsked({ what: "shift", subject: null })}>
                {t("teams.new_shift")}
              </Button>
            </div>
            <p className={classes.hint}>{t("teams.shifts_mean")}</p>
            {shifts.data.length === 0 && <p className={calm.calm}>{t("teams.no_shifts")}</p>}
            <ShiftTable
              shifts={shifts.data}
              onChange={(subject) => setAsked({ what: "shift", subject })}
              onRemove={(subject) => setAsked({ what: "remove_shift", subject })}
            />
          </section>
          {asked && <Dialog asked={asked} shifts={shifts.data} onDone={changed} onClose={close} />}
        </>
      )}
    </Page>
  );
}

interface DialogProps {
  asked: Asked;
  shifts: Shift[];
  onDone: () => void;
  onClose: () => void;
}

function Dialog({ asked, shifts, ...rest }: DialogProps) {
  const remove = async (path: string) => {
    await ask(path, { method: "DELETE" });
    rest.onDone();
  };
  switch (asked.what) {
    case "team":
      return <TeamDialog team={asked.subject} shifts={shifts} {...rest} />;
    case "shift":
      return <ShiftDialog shift={asked.subject} {...rest} />;
    case "remove_team":
      return (
        <Confirm
          title={t("teams.remove_title", { name: asked.subject.name })}
          means={t("teams.remove_team_means")}
          action={t("teams.remove")}
          onConfirm={() => remove(`/api/teams/${asked.subject.team_id}?revision=${asked.subject.revision}`)}
          onClose={rest.onClose}
        />
      );
    case "remove_shift":
      return (
        <Confirm
          title={t("teams.remove_title", { name: asked.subject.name })}
          means={t("teams.remove_shift_means")}
          action={t("teams.remove")}
          onConfirm={() => remove(`/api/shifts/${asked.subject.shift_id}?revision=${asked.subject.revision}`)}
          onClose={rest.onClose}
        />
      );
  }
}
