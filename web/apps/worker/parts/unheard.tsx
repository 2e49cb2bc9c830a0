/** What is scanned where nothing can be picked: a badge changes hands, and of all else it is said that it counts not. */
import { useState } from "react";
import { useLocation } from "wouter";
import { signal } from "../answer/senses";
import { t } from "../i18n";
import { isBadge } from "../work/badge";
import { useWork } from "../work/context";
import { errorSentence } from "../work/errors";
import { useGo } from "./go";
import styles from "./parts.module.css";
import { useScanner } from "./use-scanner";

/**
 * Listens while no screen does. Without it a scanner's keys would be a person's: its Enter would press whatever has
 * the focus. It has to stand before the screens, so that they begin to listen after it.
 */
export function Unheard() {
  const work = useWork();
  const go = useGo();
  const [path] = useLocation();
  // It is about the screen on which it was scanned, and goes with that.
  const [said, setSaid] = useState({ words: "", on: path });

  async function hear(code: string) {
    setSaid({ words: "", on: path });
    try {
      if (!isBadge(code)) {
        signal("not_kept");
        setSaid({ words: t("app.no_task"), on: path });
        return;
      }
      await work.loginWithBadge(code);
      go("/", { replace: true });
    } catch (reason) {
      setSaid({ words: errorSentence(reason), on: path });
    }
  }
  useScanner((code) => void hear(code));
  if (said.words === "" || said.on !== path) return null;
  return (
    <div role="alert" className={styles.unheard}>
      <button type="button" onClick={() => setSaid({ words: "", on: path })}>
        {said.words}
      </button>
    </div>
  );
}
