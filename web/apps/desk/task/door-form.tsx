import { Button, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import type { Task } from "../api/types";
import { t } from "../i18n";
import { useAction } from "../parts/action";
import { Trouble } from "../parts/trouble";
import { ask } from "../session/current";
import classes from "./task.module.css";

/** Says where what is picked is brought to. */
export function DoorForm({ task, onDone }: { task: Task; onDone: () => void }) {
  const { busy, error, run } = useAction();
  const [door, setDoor] = useState(task.door ?? "");
  const wanted = door.trim() || null;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => {
      const path = `/api/tasks/${task.task_id}?revision=${task.revision}`;
      await ask(path, { method: "PATCH", json: { door: wanted } });
      onDone();
    });
  };
  return (
    <form onSubmit={submit}>
      <Trouble error={error} />
      <div className={classes.door}>
        <TextInput
          label={t("cluster.door")}
          description={t("cluster.door_means")}
          value={door}
          onChange={(event) => setDoor(event.currentTarget.value)}
          maxLength={64}
          autoComplete="off"
        />
        <Button type="submit" variant="default" loading={busy} disabled={wanted === task.door}>
          {t("task.save_door")}
        </Button>
      </div>
    </form>
  );
}
