import { Button, Modal, NativeSelect, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import type { Shift, Team } from "../api/types";
import { People } from "../board/people";
import { t } from "../i18n";
import { useAction } from "../parts/action";
import { Trouble } from "../parts/trouble";
import { ask } from "../session/current";
import classes from "./teams.module.css";

interface Props {
  /** None where one is to be made. */
  team: Team | null;
  shifts: Shift[];
  onDone: () => void;
  onClose: () => void;
}

/** What a team is called, when it works, and who is in it. */
export function TeamDialog({ team, shifts, onDone, onClose }: Props) {
  const { busy, error, run } = useAction();
  const [name, setName] = useState(team?.name ?? "");
  const [shift, setShift] = useState(String(team?.shift_id ?? ""));
  const [workers, setWorkers] = useState(team?.workers ?? []);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => {
      const json = { name: name.trim(), shift_id: shift === "" ? null : Number(shift), workers };
      if (team) await ask(`/api/teams/${team.team_id}?revision=${team.revision}`, { method: "PATCH", json });
      else await ask("/api/teams", { method: "POST", json });
      onDone();
      onClose();
    });
  };
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      title={team ? t("teams.change_title", { name: team.name }) : t("teams.new_team")}
      closeButtonProps={{ "aria-label": t("app.close") }}
      transitionProps={{ duration: 0 }}
    >
      <Trouble error={error} />
      <form onSubmit={submit} className={classes.form}>
        <TextInput
          label={t("teams.name")}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          maxLength={64}
          data-autofocus
        />
        <NativeSelect
          label={t("teams.shift")}
          value={shift}
          onChange={(event) => setShift(event.currentTarget.value)}
          data={[
            { value: "", label: t("teams.no_shift") },
            ...shifts.map(({ shift_id, name }) => ({ value: String(shift_id), label: name })),
          ]}
        />
        <div>
          <People workers={workers} onChange={setWorkers} />
        </div>
        <p className={classes.hint}>{t("teams.one_team")}</p>
        <div className={classes.buttons}>
          <Button type="submit" loading={busy} disabled={name.trim() === ""}>
            {t("teams.save")}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
