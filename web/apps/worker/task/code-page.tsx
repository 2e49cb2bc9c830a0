import { type SubmitEvent, useState } from "react";
import { t } from "../i18n";
import { Button, Pad } from "../parts/controls";
import { useBack } from "../parts/go";
import parts from "../parts/parts.module.css";
import { Screen } from "../parts/screen";
import styles from "./task.module.css";
import type { Picking } from "./use-picking";

const MOST = 48;

/** A code typed by hand, where a label cannot be read. */
export function CodePage({ picking }: { picking: Picking }) {
  const { task, line } = picking;
  const at = `/task/${task.task_id}`;
  const back = useBack(at);
  const [code, setCode] = useState("");
  const [letters, setLetters] = useState(false);
  function take(typed: string) {
    void picking.scan(typed);
    back();
  }
  function submit(event: SubmitEvent) {
    event.preventDefault();
    if (code.trim() !== "") take(code.trim());
  }
  return (
    <Screen title={t("code.title")} back={at}>
      <form onSubmit={submit} className={styles.form}>
        <label className={`${parts.field} ${styles.code}`}>
          {t("code.field")}
          <input
            // Another field for letters: keyboards do not change while one is open.
            key={String(letters)}
            value={code}
            inputMode={letters ? "text" : "none"}
            autoComplete="off"
            autoCapitalize="characters"
            spellCheck={false}
            maxLength={MOST}
            onInput={(event) => setCode(event.currentTarget.value)}
          />
        </label>
        {!letters && (
          <Pad value={code} onChange={setCode} most={MOST}>
            <Button onClick={() => setLetters(true)} aria-label={t("code.letters")}>
              ABC
            </Button>
          </Pad>
        )}
        <Button main full type="submit" disabled={code.trim() === ""}>
          {t("code.take")}
        </Button>
      </form>
      {line && (
        <>
          <p className={parts.empty}>{t("code.unreadable")}</p>
          <Button full onClick={() => take(line.sku)}>
            {t("code.this_article", { sku: line.sku })}
          </Button>
        </>
      )}
    </Screen>
  );
}
