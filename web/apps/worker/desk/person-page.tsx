/** One person: a PIN, a badge, and their end. */
import { type SubmitEvent, useCallback, useState } from "react";
import { t } from "../i18n";
import { announce } from "../parts/announcer";
import { Button, Failed, Notice } from "../parts/controls";
import { Go } from "../parts/go";
import parts from "../parts/parts.module.css";
import { Screen } from "../parts/screen";
import { useWork, useWorkState } from "../work/context";
import { useAction } from "../work/use-action";
import { Asking } from "./asking";
import { type Colleague, colleagues, endBadge, makeBadge, removePin, setPin } from "./asks";
import { NewBadge } from "./badge";
import styles from "./desk.module.css";
import { NO_PIN, PinFields, pinSentence } from "./pin-fields";
import { Sure } from "./sure";
import { useAsked } from "./use-asked";

export default function PersonPage({ name }: { name: string }) {
  const work = useWork();
  const { found, ...asking } = useAsked(useCallback(() => colleagues(work), [work]));
  const { person } = useWorkState("person");
  const colleague = found?.find(({ username }) => username === name);
  // As the gateway has it: supervisors for workers, admins for anybody.
  const inCharge = colleague && (person?.role === "admin" || colleague.role === "worker");
  return (
    <Screen title={name} back="/desk/people">
      {found && !colleague && <p className={parts.empty}>{t("people.gone")}</p>}
      {colleague && !inCharge && (
        <Notice tone="plain" title={t(`role.${colleague.role}`)}>
          <p>{t("people.not_in_charge")}</p>
          {name === person?.username && (
            <Go href="/settings/pin" className={`${parts.button} ${parts.full}`}>
              {t("pin.mine")}
            </Go>
          )}
        </Notice>
      )}
      {colleague && inCharge && (
        <div className={styles.columns}>
          <Badge colleague={colleague} changed={asking.again} />
          {/* One's own wants a proof, and is set elsewhere. */}
          {name === person?.username ? (
            <Go href="/settings/pin" className={`${parts.button} ${parts.full}`}>
              {t("pin.mine")}
            </Go>
          ) : (
            <Pin colleague={colleague} changed={asking.again} />
          )}
        </div>
      )}
      {!colleague && <Asking shown={false} {...asking} />}
    </Screen>
  );
}

interface PartProps {
  colleague: Colleague;
  changed: () => Promise<void>;
}

function Badge({ colleague: { username, has_badge }, changed }: PartProps) {
  const work = useWork();
  // It is kept nowhere else: with this screen it is gone.
  const [code, setCode] = useState<string | null>(null);
  const { busy, error, run } = useAction();
  async function make() {
    const isMade = await run(async () => setCode(await makeBadge(work, username)));
    if (isMade) await changed();
  }
  async function end() {
    if (!(await run(() => endBadge(work, username)))) return;
    setCode(null);
    announce(t("badge.was_ended"));
    await changed();
  }
  if (code) return <NewBadge code={code} name={username} onDone={() => setCode(null)} />;
  return (
    <section aria-labelledby="badge" className={parts.stack}>
      <h2 id="badge" className={parts.section}>
        {t("badge.title")}
      </h2>
      <p className={parts.empty}>{has_badge ? t("badge.there") : t("badge.none")}</p>
      <Failed error={error} />
      {has_badge ? (
        <>
          <Sure
            words={t("badge.make_another")}
            means={t("badge.make_means", { name: username })}
            busy={busy}
            act={make}
          />
          <Sure
            words={t("badge.end")}
            means={t("badge.end_means", { name: username })}
            busy={busy}
            act={end}
          />
        </>
      ) : (
        <Button main full disabled={busy} onClick={make}>
          {t("badge.make")}
        </Button>
      )}
    </section>
  );
}

function Pin({ colleague: { username, has_pin }, changed }: PartProps) {
  const work = useWork();
  const [chosen, setChosen] = useState(NO_PIN);
  const [fault, setFault] = useState<string | null>(null);
  const [done, setDone] = useState<string | null>(null);
  const { busy, error, run } = useAction();
  async function did(what: () => Promise<void>, words: string) {
    setDone(null);
    if (!(await run(what))) return;
    setChosen(NO_PIN);
    setDone(words);
    await changed();
  }
  async function submit(event: SubmitEvent) {
    event.preventDefault();
    const wrong = pinSentence(chosen);
    setFault(wrong);
    if (!wrong) await did(() => setPin(work, username, chosen.pin), t("pin.set_for", { name: username }));
  }
  return (
    <section aria-labelledby="pin" className={parts.stack}>
      <h2 id="pin" className={parts.section}>
        {t("login.pin")}
      </h2>
      <p className={parts.empty}>{has_pin ? t("pin.there") : t("pin.none")}</p>
      {done && (
        <Notice tone="ok" urgent>
          <p>{done}</p>
        </Notice>
      )}
      <form onSubmit={submit} className={parts.stack}>
        <PinFields value={chosen} onChange={setChosen} />
        <Failed error={fault ?? error} />
        <Button full type="submit" disabled={busy}>
          {t("pin.set")}
        </Button>
      </form>
      {has_pin && (
        <Sure
          words={t("pin.remove")}
          means={t("pin.remove_of", { name: username })}
          busy={busy}
          act={() => did(() => removePin(work, username), t("pin.was_removed"))}
        />
      )}
    </section>
  );
}
