import { number } from "kit/i18n/format";
import { Cloud, CloudOff } from "lucide-react";
import { t } from "../i18n";
import { useWorkState } from "../work/context";
import { Go } from "./go";
import styles from "./parts.module.css";

/** What is said of the network. */
export function networkWords(online: boolean | null): string {
  if (online === null) return t("connection.unknown");
  return online ? t("connection.online") : t("connection.offline");
}

/** Whether the server answers, and how much of mine waits to be sent; leads to the whole of it. */
export function Connection() {
  const { online, waiting, person } = useWorkState("online", "waiting", "person");
  const mine = waiting.find(({ owner }) => owner === person?.username)?.count ?? 0;
  const isOffline = online === false;
  const Symbol_ = isOffline ? CloudOff : Cloud;
  // Whoever is not logged in has nothing that waits: until it is known, there is nothing to say.
  if (online === null && !person) return null;
  const words = networkWords(online);
  const name = mine > 0 ? t("connection.with_waiting", { words, count: mine }) : words;
  if (!person)
    return (
      <span className={`${styles.state} ${isOffline ? styles.warn : styles.ok}`}>
        <Symbol_ aria-hidden size={22} /> {words}
      </span>
    );
  return (
    <Go
      href="/waiting"
      className={`${styles.state} ${isOffline || mine > 0 ? styles.warn : styles.ok}`}
      aria-label={name}
    >
      <Symbol_ aria-hidden size={22} />
      <span aria-hidden>{mine > 0 ? number(mine) : words}</span>
    </Go>
  );
}
