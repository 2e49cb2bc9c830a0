/** My own PIN: set, changed with a proof that it is me, removed. */
import { type SubmitEvent, useState } from "react";
import { type Proof, removePin, setPin } from "../desk/asks";
import { NO_PIN, PinFields, pinSentence, SecretField } from "../desk/pin-fields";
import { Sure } from "../desk/sure";
import { t } from "../i18n";
import { announce } from "../parts/announcer";
import { Button, Choice, Failed, Notice } from "../parts/controls";
import parts from "../parts/parts.module.css";
import { Screen } from "../parts/screen";
import { useWork, useWorkState } from "../work/context";
import { codeOf } from "../work/errors";
import { useAction } from "../work/use-action";
import type { Work } from "../work/work";
import styles from "./settings.module.css";

export default function PinPage() {
  const { enrolled } = useWorkState("enrolled");
  const [done, setDone] = useState<"set" | "removed" | null>(null);
  return (
    <Screen title={t("pin.mine")} back="/settings">
      {done === null ? (
        <>
          <p className={parts.empty}>{t("pin.means")}</p>
          {!enrolled && <p className={parts.empty}>{t("pin.not_here")}</p>}
          <Change onDone={() => setDone("set")} />
          <Remove onDone={() => setDone("removed")} />
        </>
      ) : (
        <Notice tone="ok" title={done === "set" ? t("pin.was_set") : t("pin.was_removed")} urgent>
          <p>{done === "set" ? t("pin.was_set_means") : t("pin.was_removed_means")}</p>
          <Button full onClick={() => setDone(null)}>
            {t("pin.once_more")}
          </Button>
        </Notice>
      )}
    </Screen>
  );
}

function Change({ onDone }: { onDone: () => void }) {
  const work = useWork();
  const { person, enrolled } = useWorkState("person", "enrolled");
  const [by, setBy] = useState<"password" | "pin">("password");
  const [proof, setProof] = useState("");
  const [chosen, setChosen] = useState(NO_PIN);
  const [fault, setFault] = useState<string | null>(null);
  const { busy, error, run } = useAction();
  const name = person?.username ?? "";

  async function submit(event: SubmitEvent) {
    event.preventDefault();
    const wrong = pinSentence(chosen);
    setFault(wrong);
    if (wrong) return;
    const proved: Proof = by === "pin" ? { current_pin: proof } : { password: proof };
    const words = { bad_credentials: t("pin.wrong_proof"), pin_locked: t("pin.proof_locked") };
    const isSet = await run(async () => {
      await setPin(work, name, chosen.pin, proved);
      await stay(work, name, enrolled ? chosen.pin : null);
    }, words);
    setProof("");
    if (!isSet) return;
    setChosen(NO_PIN);
    announce(t("pin.was_set"));
    onDone();
  }
  return (
    <form onSubmit={submit} className={styles.form}>
      <h2 className={parts.section}>{t("pin.set")}</h2>
      <Choice
        name="proof"
        legend={t("pin.proof")}
        value={by}
        onChange={(chosenProof) => {
          setBy(chosenProof);
          setProof("");
        }}
        options={[
          ["password", t("login.password")],
          ["pin", t("pin.present")],
        ]}
      />
      <SecretField
        key={by}
        label={by === "pin" ? t("pin.present") : t("login.password")}
        value={proof}
        onChange={setProof}
        digits={by === "pin"}
        current
      />
      <PinFields value={chosen} onChange={setChosen} />
      <Failed error={fault ?? error} />
      <Button main full type="submit" disabled={busy}>
        {t("pin.set")}
      </Button>
    </form>
  );
}

/** A login by the PIN before has ended with it: whoever has just set a new one is logged in by that. */
async function stay(work: Work, name: string, pin: string | null): Promise<void> {
  try {
    await work.refresh();
  } catch (error) {
    // Where the network went away meanwhile, the PIN is set all the same.
    if (codeOf(error) === "login_needed" && pin !== null) await work.loginWithPin(name, pin);
  }
}

function Remove({ onDone }: { onDone: () => void }) {
  const work = useWork();
  const { person } = useWorkState("person");
  const { busy, error, run } = useAction();
  async function remove() {
    const name = person?.username ?? "";
    if (await run(() => removePin(work, name))) onDone();
  }
  return (
    <section aria-labelledby="remove" className={parts.stack}>
      <h2 id="remove" className={parts.section}>
        {t("pin.no_more")}
      </h2>
      <Failed error={error} />
      <Sure words={t("pin.remove")} means={t("pin.remove_means")} busy={busy} act={remove} />
    </section>
  );
}
