/** Who works here, and how each can log in. */
import { Check, Minus } from "lucide-react";
import { useCallback, useState } from "react";
import { t } from "../i18n";
import { Go } from "../parts/go";
import parts from "../parts/parts.module.css";
import { Screen } from "../parts/screen";
import { useWork } from "../work/context";
import { Asking } from "./asking";
import { type Colleague, colleagues } from "./asks";
import styles from "./desk.module.css";
import { useAsked } from "./use-asked";

export default function PeoplePage() {
  const work = useWork();
  const { found, ...asking } = useAsked(useCallback(() => colleagues(work), [work]));
  const [search, setSearch] = useState("");
  const wanted = search.trim().toLowerCase();
  const shown = (found ?? []).filter(({ username }) => username.includes(wanted));
  return (
    <Screen title={t("people.title")} back="/settings">
      <p className={parts.empty}>{t("people.means")}</p>
      {found && (
        <label className={parts.field}>
          {t("people.search")}
          <input
            type="search"
            value={search}
            autoCapitalize="none"
            autoComplete="off"
            spellCheck={false}
            onInput={(event) => setSearch(event.currentTarget.value)}
          />
        </label>
      )}
      {found && shown.length === 0 && <p className={parts.empty}>{t("people.nobody")}</p>}
      <ul className={parts.list}>
        {shown.map((one) => (
          <li key={one.username}>
            <Go
              href={`/desk/people/${encodeURIComponent(one.username)}`}
              className={`${parts.card} ${styles.link}`}
            >
              <OneColleague colleague={one} />
            </Go>
          </li>
        ))}
      </ul>
      <Asking shown={found !== null} {...asking} />
    </Screen>
  );
}

function OneColleague({ colleague: { username, role, has_pin, has_badge } }: { colleague: Colleague }) {
  return (
    <>
      <span className={styles.head}>
        <strong className={styles.name}>{username}</strong>
        <span>{t(`role.${role}`)}</span>
      </span>
      <span className={styles.marks}>
        <Mark there={has_pin} words={has_pin ? t("people.pin") : t("people.no_pin")} />
        <Mark there={has_badge} words={has_badge ? t("people.badge") : t("people.no_badge")} />
      </span>
    </>
  );
}

function Mark({ there, words }: { there: boolean; words: string }) {
  const Symbol_ = there ? Check : Minus;
  return (
    <span className={there ? styles.there : styles.missing}>
      <Symbol_ aria-hidden size={20} /> {words}
    </span>
  );
}
