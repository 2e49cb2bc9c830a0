import { Button } from "@mantine/core";
import { ApiError } from "kit/api/client";
import { language } from "kit/i18n/language";
import { type FormEvent, useState } from "react";
import { t } from "../i18n";
import { useAction } from "../parts/action";
import admin from "../parts/admin.module.css";
import { Trouble } from "../parts/trouble";
import { WorkerSelect } from "../parts/worker-select";
import { download } from "../session/current";
import classes from "./prints.module.css";

/** What is to be picked, on paper: of everybody, or of one person. */
export function ListsForm() {
  const { busy, error, run } = useAction();
  const [worker, setWorker] = useState<string | null>(null);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const query = new URLSearchParams({ language: language() });
    if (worker) query.set("worker", worker);
    void run(() => download(`/api/prints/pick-lists.pdf?${query}`, "pick-lists.pdf"));
  };
  const isNothing = error instanceof ApiError && error.status === 404;
  return (
    <section className={admin.section}>
      <h2>{t("prints.lists")}</h2>
      <p className={classes.means}>{t("prints.lists_mean")}</p>
      <form className={classes.form} onSubmit={submit}>
        <WorkerSelect value={worker} onChange={setWorker} />
        <Button type="submit" loading={busy}>
          {t("prints.make")}
        </Button>
      </form>
      {isNothing ? <p role="status">{t("prints.nothing")}</p> : <Trouble error={error} />}
    </section>
  );
}
