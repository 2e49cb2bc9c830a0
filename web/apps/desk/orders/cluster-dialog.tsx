/** Makes one task of several orders: one walk, on which each order is picked into its own tote. */
import { Button, Modal, TextInput } from "@mantine/core";
import { type FormEvent, type KeyboardEvent, useState } from "react";
import type { Requisition, TaskSummary } from "../api/types";
import { t } from "../i18n";
import { useAction } from "../parts/action";
import { Trouble } from "../parts/trouble";
import classes from "../replan/replan.module.css";
import { ask } from "../session/current";

interface Props {
  orders: Requisition[];
  onDone: (made: TaskSummary[]) => void;
  onClose: () => void;
}

export default function ClusterDialog({ orders, onDone, onClose }: Props) {
  const { busy, error, run } = useAction();
  const [totes, setTotes] = useState(() => orders.map((_, place) => `T-${place + 1}`));
  const [door, setDoor] = useState("");
  const names = totes.map((tote) => tote.trim().toLowerCase());
  const isTwice = (place: number) => names[place] !== "" && names.indexOf(names[place] ?? "") < place;

  function submit(event: FormEvent): void {
    event.preventDefault();
    const json = {
      requisition_ids: orders.map(({ requisition_id }) => requisition_id),
      together: true,
      totes: Object.fromEntries(
        orders.map(({ requisition_id }, place) => [requisition_id, totes[place]?.trim()]),
      ),
      ...(door.trim() && { door: door.trim() }),
    };
    void run(async () => onDone(await ask<TaskSummary[]>("/api/tasks", { method: "POST", json })));
  }

  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      title={t("cluster.title", { count: orders.length })}
      closeButtonProps={{ "aria-label": t("app.close") }}
      transitionProps={{ duration: 0 }}
    >
      <form onSubmit={submit}>
        <p>{t("cluster.means")}</p>
        <Trouble error={error} />
        {orders.map(({ requisition_id, number, destination }, place) => (
          <TextInput
            key={requisition_id}
            label={t("cluster.tote_of", { number })}
            description={destination}
            value={totes[place] ?? ""}
            onChange={({ currentTarget: { value } }) =>
              setTotes(totes.map((old, at) => (at === place ? value : old)))
            }
            onFocus={(event) => event.currentTarget.select()}
            onKeyDown={goOn}
            error={isTwice(place) && t("cluster.twice")}
            maxLength={32}
            required
            autoComplete="off"
            mb="xs"
            {...(place === 0 && { "data-autofocus": true })}
          />
        ))}
        <TextInput
          label={t("cluster.door")}
          description={t("cluster.door_means")}
          value={door}
          onChange={(event) => setDoor(event.currentTarget.value)}
          maxLength={64}
          autoComplete="off"
        />
        <div className={classes.buttons}>
          <Button
            type="submit"
            loading={busy}
            disabled={names.some((name, place) => name === "" || isTwice(place))}
          >
            {t("cluster.make")}
          </Button>
        </div>
      </form>
    </Modal>
  );
}

/** A scanner ends a code with Enter: the next tote is scanned then, and nothing is sent. */
function goOn(event: KeyboardEvent<HTMLInputElement>): void {
  if (event.key !== "Enter") return;
  event.preventDefault();
  const fields = [...(event.currentTarget.form?.elements ?? [])] as HTMLElement[];
  fields[fields.indexOf(event.currentTarget) + 1]?.focus();
}
