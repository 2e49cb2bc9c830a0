/** Shows what a scanner sends: to set it up, and to see what is wrong with one. */

import { number } from "kit/i18n/format";
import { useRef, useState } from "react";
import { t } from "../i18n";
import { Notice } from "../parts/controls";
import parts from "../parts/parts.module.css";
import { Screen } from "../parts/screen";
import { useScanner } from "../parts/use-scanner";
import { isBadge } from "../work/badge";
import { characters } from "./characters";
import styles from "./settings.module.css";

export default function ScannerPage() {
  const [codes, setCodes] = useState<{ id: number; code: string }[]>([]);
  const ids = useRef(0);
  useScanner((code) => setCodes((before) => [{ id: ids.current++, code }, ...before].slice(0, 10)));
  return (
    <Screen title={t("scanner.title")} back="/settings">
      <Notice tone="plain" title={t("scanner.do")}>
        <p>{t("scanner.means")}</p>
      </Notice>
      <ol className={parts.list} aria-live="polite">
        {codes.map(({ id, code }) => (
          <li key={id} className={parts.card}>
            {isBadge(code) ? <p>{t("scanner.badge")}</p> : <Sent code={code} />}
          </li>
        ))}
      </ol>
    </Screen>
  );
}

function Sent({ code }: { code: string }) {
  const all = characters(code);
  return (
    <>
      <strong>{t("scanner.characters", { count: all.length })}</strong>
      <ul className={styles.characters} aria-label={all.map((one) => one.shown).join(" ")}>
        {all.map(({ shown, named }, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a character is known by its place
          <li key={at} className={named ? styles.named : undefined} title={number(at + 1)}>
            {shown}
          </li>
        ))}
      </ul>
    </>
  );
}
