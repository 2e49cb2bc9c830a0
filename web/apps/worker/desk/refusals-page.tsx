/** What did not count, of everybody: so that a barcode that is wrong, or on no article, is found. */

import { time } from "kit/i18n/format";
import type { Refusal } from "kit/work/refusal";
import { Search, X } from "lucide-react";
import { useCallback, useState } from "react";
import { LOOKS } from "../answer/looks";
import { knownConflict } from "../conflicts/known";
import { t } from "../i18n";
import { Button, Failed } from "../parts/controls";
import parts from "../parts/parts.module.css";
import { Screen } from "../parts/screen";
import { useNow } from "../parts/use-now";
import { characters } from "../settings/characters";
import { useWork } from "../work/context";
import { useAction } from "../work/use-action";
import { Asking } from "./asking";
import { colleagues, refusals, type Wanted } from "./asks";
import styles from "./desk.module.css";
import { useAsked } from "./use-asked";

const ALL: Wanted = { worker: "", code: "", late: false };

export default function RefusalsPage() {
  const work = useWork();
  const [wanted, setWanted] = useState(ALL);
  const { found, setFound, ...asking } = useAsked(
    useCallback(() => refusals(work, wanted, null), [work, wanted]),
  );
  const more = useAction();
  async function showMore() {
    if (!found?.next_before) return;
    const next = await refusals(work, wanted, found.next_before);
    setFound({ items: [...found.items, ...next.items], next_before: next.next_before });
  }
  return (
    <Screen title={t("refusals.title")} back="/settings">
      <p className={parts.empty}>{t("refusals.means")}</p>
      <Filters wanted={wanted} onChange={setWanted} />
      {found?.items.length === 0 && <p className={parts.empty}>{t("refusals.none")}</p>}
      <ul className={parts.list}>
        {found?.items.map((one, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: not each has an id, and those before stay in their places
          <li key={at} className={parts.card}>
            <OneRefusal
              refusal={one}
              onCode={wanted.code ? null : (code) => setWanted({ ...wanted, code })}
            />
          </li>
        ))}
      </ul>
      <Failed error={more.error} />
      {found?.next_before && (
        <Button full disabled={more.busy || asking.busy} onClick={() => more.run(showMore)}>
          {t("refusals.more")}
        </Button>
      )}
      <Asking shown={found !== null} {...asking} />
    </Screen>
  );
}

interface FiltersProps {
  wanted: Wanted;
  onChange: (wanted: Wanted) => void;
}

function Filters({ wanted, onChange }: FiltersProps) {
  const work = useWork();
  const { found } = useAsked(useCallback(() => colleagues(work), [work]));
  return (
    <search className={styles.filters}>
      <label className={parts.field}>
        {t("refusals.worker")}
        <select
          value={wanted.worker}
          onChange={(event) => onChange({ ...wanted, worker: event.currentTarget.value })}
        >
          <option value="">{t("refusals.everybody")}</option>
          {found?.map(({ username }) => (
            <option key={username}>{username}</option>
          ))}
        </select>
      </label>
      <label className={parts.switch}>
        {t("refusals.late")}
        <input
          type="checkbox"
          checked={wanted.late}
          onChange={(event) => onChange({ ...wanted, late: event.currentTarget.checked })}
        />
      </label>
      {wanted.code && (
        <Button onClick={() => onChange({ ...wanted, code: "" })}>
          <X aria-hidden size={24} /> {t("refusals.all_codes")}
        </Button>
      )}
    </search>
  );
}

interface RefusalProps {
  refusal: Refusal;
  /** Has only those of a code shown; null where that is so already. */
  onCode: ((code: string) => void) | null;
}

function OneRefusal({ refusal, onCode }: RefusalProps) {
  const now = useNow();
  const { worker, reason, code, sku, task_id, detail, refused_at, picked_at, handed_in_by } = refusal;
  const arrived = time(Date.parse(refused_at), now);
  const made = picked_at && time(Date.parse(picked_at), now);
  const about = [sku, task_id !== null && t("done.task", { id: task_id })].filter(Boolean).join(" · ");
  return (
    <>
      <span className={styles.head}>
        <strong>{reasonWords(reason)}</strong>
        <span>{arrived}</span>
      </span>
      {code && (
        <p className={styles.facts}>
          <code className={styles.code}>{visible(code)}</code>
        </p>
      )}
      <p className={styles.facts}>{[worker, about].filter(Boolean).join(" · ")}</p>
      {made && made !== arrived && <p className={styles.facts}>{t("refusals.made", { made, arrived })}</p>}
      {handed_in_by && <p className={styles.facts}>{t("refusals.handed_in", { name: handed_in_by })}</p>}
      {detail && <p className={styles.facts}>{t("refusals.said", { said: detail })}</p>}
      {code && onCode && (
        <div className={styles.act}>
          <Button full onClick={() => onCode(code)}>
            <Search aria-hidden size={22} /> {t("refusals.of_code")}
            <span className="visually-hidden">{code}</span>
          </Button>
        </div>
      )}
    </>
  );
}

/** A code with a name in the place of each character that cannot be seen: "<GS>". */
const visible = (code: string) =>
  characters(code)
    .map(({ shown, named }) => (named ? `<${shown}>` : shown))
    .join("");

/** The word that the worker saw, where there is one. */
function reasonWords(reason: string): string {
  if (reason in LOOKS) return t(`answer.${reason}.word`);
  const known = knownConflict(reason);
  return known ? t(`conflict.${known}.happened`) : reason.replaceAll("_", " ");
}
