import { Button, Checkbox, Modal, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import type { Shift } from "../api/types";
import { t } from "../i18n";
import { useAction } from "../parts/action";
import { Trouble } from "../parts/trouble";
import { ask } from "../session/current";
import { WEEKDAYS, weekday } from "./days";
import classes from "./teams.module.css";

interface Props {
  /** None where one is to be made. */
  shift: Shift | null;
  onDone: () => void;
  onClose: () => void;
}

/** A quarter of an hour, which hours go by. */
const STEP = 900;

/** What a shift is called, and when it works. */
export function ShiftDialog({ shift, onDone, onClose }: Props) {
  const { busy, error, run } = useAction();
  const [name, setName] = useState(shift?.name ?? "");
  const [days, setDays] = useState((shift?.weekdays ?? [1, 2, 3, 4, 5]).map(String));
  const [starts, setStarts] = useState(shift?.starts ?? "06:00");
  const [ends, setEnds] = useState(shift?.ends ?? "14:00");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => {
      const json = { name: name.trim(), weekdays: days.map(Number), starts, ends };
      if (shift)
        await ask(`/api/shifts/${shift.shift_id}?revision=${shift.revision}`, { method: "PATCH", json });
      else await ask("/api/shifts", { method: "POST", json });
      onDone();
      onClose();
    });
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={shift ? t("teams.change_title", { name: shift.name }) : t("teams.new_shift")}
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
        <div className={classes.times}>
          <TextInput
            type="time"
            step={STEP}
            label={t("teams.starts")}
            value={starts}
            onChange={(event) => setStarts(event.currentTarget.value)}
          />
          <TextInput
            type="time"
            step={STEP}
            label={t("teams.ends")}
            value={ends}
            onChange={(event) => setEnds(event.currentTarget.value)}
          />
        </div>
        {ends !== "" && ends <= starts && <p className={classes.hint}>{t("teams.over_midnight")}</p>}
        <Checkbox.Group label={t("teams.begins_on")} value={days} onChange={setDays}>
          <div className={classes.days}>
            {WEEKDAYS.map((day) => (
              <Checkbox key={day} value={String(day)} label={weekday(day, "long")} />
            ))}
          </div>
        </Checkbox.Group>
        <p className={classes.hint}>{t("teams.from_today")}</p>
        <div className={classes.buttons}>
          <Button
            type="submit"
            loading={busy}
            disabled={name.trim() === "" || days.length === 0 || starts === "" || ends === ""}
          >
            {t("teams.save")}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
