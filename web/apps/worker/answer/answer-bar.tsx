import { ScanBarcode } from "lucide-react";
import { t } from "../i18n";
import styles from "./answer.module.css";
import { LOOKS } from "./looks";
import { type Said, useLastSaid, type Voice } from "./voice";

/** The answer to the last scan, over the full width; where there is none, what to do. */
export function AnswerBar({ voice, times }: { voice: Voice; times: number }) {
  const said = useLastSaid(voice);
  return (
    <div aria-live="assertive" aria-atomic="true">
      {said ? <Answer key={said.id} said={said} /> : <Ready times={times} />}
    </div>
  );
}

function Ready({ times }: { times: number }) {
  return (
    <div className={styles.ready}>
      <ScanBarcode aria-hidden size={44} />
      <p className={styles.word}>
        {times > 1 ? t("picking.ready_times", { count: times }) : t("picking.ready")}
      </p>
    </div>
  );
}

function Answer({ said }: { said: Said }) {
  const { colour, ink, symbol: Symbol_ } = LOOKS[said.kind];
  const { code, sku, quantity, picked, required, words } = said;
  return (
    <div className={styles.answer} data-kind={said.kind} style={{ background: colour, color: ink }}>
      <Symbol_ aria-hidden size={64} strokeWidth={3} />
      <div>
        <p className={styles.word}>{t(`answer.${said.kind}.word`)}</p>
        <p className={styles.say}>
          {words ?? t(`answer.${said.kind}.say`, { code: shown(code), sku, quantity, picked, required })}
        </p>
      </div>
    </div>
  );
}

const LONGEST = 40;

/** A code as a line of text has room for it. */
function shown(code: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: scanners send them, and nobody can read them
  const readable = code.replace(/[\u0000-\u001f\u007f]/g, "·");
  return readable.length > LONGEST ? `${readable.slice(0, LONGEST)}…` : readable;
}
