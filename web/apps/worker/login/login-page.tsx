/** Who picks: by PIN or password, by a badge, or somebody who is logged in here already. */
import { IdCard, UserRound } from "lucide-react";
import { type SubmitEvent, useState } from "react";
import { t } from "../i18n";
import { Button, Choice, Failed, Notice, Pad } from "../parts/controls";
import { useGo } from "../parts/go";
import { LanguageChoice } from "../parts/language-choice";
import { Navigation } from "../parts/navigation";
import parts from "../parts/parts.module.css";
import { Screen } from "../parts/screen";
import { useScanner } from "../parts/use-scanner";
import { Troubles } from "../tasks/troubles";
import { isBadge } from "../work/badge";
import { useWork, useWorkState } from "../work/context";
import { useAction } from "../work/use-action";
import type { Person, Waiting } from "../work/work";
import styles from "./login.module.css";

/** Before somebody is logged in, and to hand the device over. */
export function LoginPage() {
  const work = useWork();
  const go = useGo();
  const { person, people, waiting, enrolled } = useWorkState("person", "people", "waiting", "enrolled");
  const { busy, error, run } = useAction();
  const [noBadge, setNoBadge] = useState(false);

  async function come(login: () => Promise<void>) {
    setNoBadge(false);
    // What the one before had open is not for the next.
    if ((await run(login)) && person) go("/", { replace: true });
  }
  useScanner((code) => {
    if (isBadge(code)) void come(() => work.loginWithBadge(code));
    else setNoBadge(true);
  });

  const others = people.filter(({ username }) => username !== person?.username);
  return (
    <Screen
      title={person ? t("login.hand_over") : t("login.title")}
      foot={person && <Navigation at="people" />}
    >
      {!person && <Troubles />}
      <Failed error={noBadge ? t("login.no_badge") : error} />
      {person && <p className={parts.empty}>{t("login.now", { name: person.username })}</p>}
      {others.length > 0 && (
        <People
          people={others}
          waiting={waiting}
          busy={busy}
          onChoose={(name) => come(() => work.change(name))}
        />
      )}
      <section aria-labelledby="login-new">
        <h2 id="login-new" className={parts.section}>
          {others.length > 0 || person ? t("login.somebody_else") : t("login.who")}
        </h2>
        {enrolled ? (
          <p className={styles.badge}>
            <IdCard aria-hidden size={32} /> {t("login.badge")}
          </p>
        ) : (
          <Notice tone="warn" title={t("login.not_enrolled")}>
            <p>{t("login.enrol_how")}</p>
          </Notice>
        )}
        <Form busy={busy} enrolled={enrolled} come={come} />
      </section>
      {!person && <LanguageChoice />}
    </Screen>
  );
}

interface PeopleProps {
  people: Person[];
  waiting: Waiting[];
  busy: boolean;
  onChoose: (username: string) => void;
}

function People({ people, waiting, busy, onChoose }: PeopleProps) {
  const held = (name: string) => waiting.find(({ owner }) => owner === name)?.count ?? 0;
  return (
    <section aria-labelledby="login-here">
      <h2 id="login-here" className={parts.section}>
        {t("login.here")}
      </h2>
      <ul className={styles.people}>
        {people.map(({ username }) => (
          <li key={username}>
            <Button full disabled={busy} onClick={() => onChoose(username)}>
              <UserRound aria-hidden size={32} />
              <span className={styles.name}>
                {username}
                {held(username) > 0 && <small>{t("login.waits", { count: held(username) })}</small>}
              </span>
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}

interface FormProps {
  busy: boolean;
  enrolled: boolean;
  come: (login: () => Promise<void>) => Promise<void>;
}

const MOST_DIGITS = 12;

function Form({ busy, enrolled, come }: FormProps) {
  const work = useWork();
  const [by, setBy] = useState<"pin" | "password">(enrolled ? "pin" : "password");
  const [username, setUsername] = useState("");
  const [secret, setSecret] = useState("");
  const withPin = enrolled && by === "pin";

  function submit(event: SubmitEvent) {
    event.preventDefault();
    const name = username.trim();
    setSecret("");
    void come(() => (withPin ? work.loginWithPin(name, secret) : work.login(name, secret)));
  }
  return (
    <form onSubmit={submit} className={styles.form}>
      {enrolled && (
        <Choice
          name="by"
          legend={t("login.by")}
          value={by}
          onChange={(chosen) => {
            setBy(chosen);
            setSecret("");
          }}
          options={[
            ["pin", t("login.pin")],
            ["password", t("login.password")],
          ]}
        />
      )}
      <label className={parts.field}>
        {t("login.name")}
        <input
          required
          value={username}
          onChange={(event) => setUsername(event.currentTarget.value)}
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
        />
      </label>
      <label className={parts.field}>
        {withPin ? t("login.pin") : t("login.password")}
        <input
          required
          key={by}
          type="password"
          value={secret}
          // On a phone the digits come from the pad below, which is larger than the system's.
          inputMode={withPin ? "none" : "text"}
          autoComplete="current-password"
          onChange={(event) => setSecret(event.currentTarget.value)}
        />
      </label>
      {withPin && <Pad value={secret} onChange={setSecret} most={MOST_DIGITS} />}
      <Button main full type="submit" disabled={busy}>
        {t("login.enter")}
      </Button>
    </form>
  );
}
