/** This device: what it holds, for whom, and whether it may. */

import { time } from "kit/i18n/format";
import { type SubmitEvent, useState } from "react";
import { t } from "../i18n";
import { networkWords } from "../parts/connection";
import { Button, Failed, Notice } from "../parts/controls";
import parts from "../parts/parts.module.css";
import { Screen } from "../parts/screen";
import { useNow } from "../parts/use-now";
import { Troubles } from "../tasks/troubles";
import { UpdateNotice } from "../tasks/waiting-notice";
import { useWork, useWorkState } from "../work/context";
import { useAction } from "../work/use-action";
import type { Waiting } from "../work/work";
import styles from "./settings.module.css";

export default function DevicePage() {
  const { online, taken_at, held, enrolled, person, troubles } = useWorkState(
    "online",
    "taken_at",
    "held",
    "enrolled",
    "person",
    "troubles",
  );
  const now = useNow();
  const inCharge = person !== null && person.role !== "worker";
  return (
    <Screen title={t("device.title")} back="/settings">
      <Troubles />
      <UpdateNotice />
      <dl className={styles.facts}>
        <dt>{t("device.network")}</dt>
        <dd>{networkWords(online)}</dd>
        <dt>{t("device.read")}</dt>
        <dd>{taken_at === null ? t("tasks.never_read") : time(taken_at, now)}</dd>
        <dt>{t("device.enrolment")}</dt>
        <dd>{enrolled ? t("device.enrolled") : t("device.not_enrolled")}</dd>
        <dt>{t("device.storage")}</dt>
        <dd>
          {troubles.includes("not_persistent") ? t("device.storage_may_go") : t("device.storage_stays")}
        </dd>
      </dl>
      <h2 className={parts.section}>{t("device.waits")}</h2>
      {held.length === 0 && <p className={parts.empty}>{t("waiting.nothing_waits")}</p>}
      <ul className={parts.list}>
        {held.map((one) => (
          <OneQueue key={one.owner} queue={one} mine={one.owner === person?.username} inCharge={inCharge} />
        ))}
      </ul>
      {!enrolled && (inCharge ? <Enrol /> : <p className={parts.empty}>{t("login.enrol_how")}</p>)}
    </Screen>
  );
}

interface QueueProps {
  queue: Waiting;
  mine: boolean;
  inCharge: boolean;
}

function OneQueue({ queue: { owner, count, since }, mine, inCharge }: QueueProps) {
  const work = useWork();
  const { online } = useWorkState("online");
  const now = useNow();
  const [sure, setSure] = useState(false);
  const { busy, error, run } = useAction();
  return (
    <li className={parts.card}>
      <strong>{owner}</strong>
      <p>{t("waiting.count", { count, time: time(since, now) })}</p>
      <Failed error={error} />
      {inCharge && !mine && !sure && (
        <Button full disabled={!online} onClick={() => setSure(true)}>
          {t("device.hand_in", { name: owner, count })}
        </Button>
      )}
      {sure && (
        <Notice tone="warn" urgent>
          <p>{t("device.hand_in_means", { name: owner })}</p>
          <Button main full disabled={busy} onClick={() => run(() => work.handIn(owner))}>
            {t("device.hand_in_now", { count })}
          </Button>
          <Button full onClick={() => setSure(false)}>
            {t("app.cancel")}
          </Button>
        </Notice>
      )}
    </li>
  );
}

function Enrol() {
  const work = useWork();
  const [name, setName] = useState("");
  const { busy, error, run } = useAction();
  function submit(event: SubmitEvent) {
    event.preventDefault();
    void run(() => work.enrol(name.trim()));
  }
  return (
    <form onSubmit={submit} className={styles.form}>
      <h2 className={parts.section}>{t("device.enrol")}</h2>
      <p className={parts.empty}>{t("device.enrol_means")}</p>
      <label className={parts.field}>
        {t("device.name")}
        <input
          required
          maxLength={64}
          autoComplete="off"
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </label>
      <Failed error={error} />
      <Button main full type="submit" disabled={busy}>
        {t("device.enrol")}
      </Button>
    </form>
  );
}
