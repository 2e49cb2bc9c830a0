/** All devices: when each was last heard of, and what it still holds of whom. */

import { span, time } from "kit/i18n/format";
import { Clock, Smartphone } from "lucide-react";
import { useCallback } from "react";
import { t } from "../i18n";
import { Failed, Notice } from "../parts/controls";
import { Go } from "../parts/go";
import parts from "../parts/parts.module.css";
import { Screen } from "../parts/screen";
import { useNow } from "../parts/use-now";
import { useWork, useWorkState } from "../work/context";
import { useAction } from "../work/use-action";
import { Asking } from "./asking";
import { devices, endDevice, type HeldQueue, type KnownDevice } from "./asks";
import styles from "./desk.module.css";
import { Sure } from "./sure";
import { useAsked } from "./use-asked";

export default function DevicesPage() {
  const work = useWork();
  const { enrolled } = useWorkState("enrolled");
  const { found, ...asking } = useAsked(useCallback(() => devices(work), [work]));
  const active = (found ?? []).filter((one) => one.active);
  const ended = (found ?? []).filter((one) => !one.active);
  return (
    <Screen title={t("devices.title")} back="/settings">
      {!enrolled && (
        <Notice tone="plain" title={t("login.not_enrolled")}>
          <Go href="/waiting" className={`${parts.button} ${parts.full}`}>
            {t("device.enrol")}
          </Go>
        </Notice>
      )}
      {found && active.length === 0 && <p className={parts.empty}>{t("devices.none")}</p>}
      <ul className={parts.list}>
        {active.map((one) => (
          <li key={one.device_id} className={parts.card}>
            <OneDevice device={one} changed={asking.again} />
          </li>
        ))}
      </ul>
      {ended.length > 0 && (
        <details className={styles.ended}>
          <summary>{t("devices.ended", { count: ended.length })}</summary>
          <ul className={parts.list}>
            {ended.map((one) => (
              <li key={one.device_id} className={parts.card}>
                <OneDevice device={one} changed={asking.again} />
              </li>
            ))}
          </ul>
        </details>
      )}
      <Asking shown={found !== null} {...asking} />
    </Screen>
  );
}

interface Props {
  device: KnownDevice;
  changed: () => Promise<void>;
}

function OneDevice({ device, changed }: Props) {
  const work = useWork();
  const { device_id } = useWorkState("device_id");
  const now = useNow();
  const { busy, error, run } = useAction();
  const { name, active, last_contact_at, last_user, ended_at, enrolled_at, enrolled_by, queued } = device;
  const at = (moment: string) => time(Date.parse(moment), now);
  const held = queued.reduce((sum, one) => sum + one.queued, 0);
  async function end() {
    if (await run(() => endDevice(work, device.device_id))) await changed();
  }
  return (
    <>
      <span className={styles.head}>
        <strong className={styles.name}>{name}</strong>
        {device.device_id === device_id && (
          <span className={styles.there}>
            <Smartphone aria-hidden size={20} /> {t("device.title")}
          </span>
        )}
      </span>
      <p className={styles.facts}>
        {last_contact_at
          ? t("devices.heard", { span: span(now - Date.parse(last_contact_at)), name: last_user ?? "–" })
          : t("devices.never_heard")}
      </p>
      <p className={styles.facts}>{t("devices.enrolled_by", { time: at(enrolled_at), name: enrolled_by })}</p>
      {ended_at && <p className={styles.facts}>{t("devices.ended_at", { time: at(ended_at) })}</p>}
      {held > 0 && <Held queued={queued} />}
      <Failed error={error} />
      {active && (
        <div className={styles.act}>
          <Sure
            words={t("devices.end", { name })}
            means={held > 0 ? t("devices.end_holding", { count: held }) : t("devices.end_means")}
            busy={busy}
            act={end}
          />
        </div>
      )}
    </>
  );
}

function Held({ queued }: { queued: HeldQueue[] }) {
  const now = useNow();
  return (
    <ul className={styles.held}>
      {queued
        .filter((one) => one.queued > 0)
        .map(({ username, queued: count, oldest_at }) => (
          <li key={username}>
            <Clock aria-hidden size={22} />
            {oldest_at
              ? t("devices.holds_since", { name: username, count, time: time(Date.parse(oldest_at), now) })
              : t("devices.holds", { name: username, count })}
          </li>
        ))}
    </ul>
  );
}
