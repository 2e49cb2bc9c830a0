import { Volume2 } from "lucide-react";
import { useState } from "react";
import { type Kind, LOOKS } from "../answer/looks";
import { signal } from "../answer/senses";
import { t } from "../i18n";
import { Button, Choice, Failed } from "../parts/controls";
import { Go } from "../parts/go";
import { LanguageChoice } from "../parts/language-choice";
import { Navigation } from "../parts/navigation";
import parts from "../parts/parts.module.css";
import { Screen } from "../parts/screen";
import { UpdateNotice } from "../tasks/waiting-notice";
import { useWork, useWorkState } from "../work/context";
import { useAction } from "../work/use-action";
import { InstallHint } from "./install-hint";
import { chooseTheme, chosenTheme, prefer, type Theme, usePreferences } from "./preferences";
import styles from "./settings.module.css";

export default function SettingsPage() {
  return (
    <Screen title={t("nav.settings")} foot={<Navigation at="settings" />}>
      <UpdateNotice />
      <LanguageChoice />
      <ThemeChoice />
      <Senses />
      <Go href="/waiting" className={`${parts.button} ${parts.full}`}>
        {t("device.title")}
      </Go>
      <Go href="/settings/scanner" className={`${parts.button} ${parts.full}`}>
        {t("scanner.title")}
      </Go>
      <Go href="/settings/pin" className={`${parts.button} ${parts.full}`}>
        {t("pin.mine")}
      </Go>
      <Desk />
      <InstallHint />
      <LogOut />
      <Answers />
    </Screen>
  );
}

/** What supervisors have beside picking. */
function Desk() {
  const { person } = useWorkState("person");
  if (person?.role === "worker") return null;
  return (
    <section aria-labelledby="desk" className={parts.stack}>
      <h2 id="desk" className={parts.section}>
        {t("desk.title")}
      </h2>
      <Go href="/desk/people" className={`${parts.button} ${parts.full}`}>
        {t("people.title")}
      </Go>
      <Go href="/desk/devices" className={`${parts.button} ${parts.full}`}>
        {t("devices.title")}
      </Go>
      <Go href="/desk/refusals" className={`${parts.button} ${parts.full}`}>
        {t("refusals.title")}
      </Go>
    </section>
  );
}

function ThemeChoice() {
  const [theme, setTheme] = useState(chosenTheme);
  function choose(wanted: Theme) {
    chooseTheme(wanted);
    setTheme(wanted);
  }
  return (
    <Choice
      name="theme"
      legend={t("settings.theme")}
      value={theme}
      onChange={choose}
      options={[
        ["light", t("settings.light")],
        ["dark", t("settings.dark")],
        ["auto", t("settings.auto")],
      ]}
    />
  );
}

function Senses() {
  const { volume, silent, vibrate } = usePreferences();
  return (
    <section aria-label={t("settings.senses")}>
      <label className={parts.switch}>
        {t("settings.silent")}
        <input
          type="checkbox"
          checked={silent}
          onChange={(e) => prefer({ silent: e.currentTarget.checked })}
        />
      </label>
      <label className={styles.volume}>
        {t("settings.volume")}
        <input
          type="range"
          min={0}
          max={100}
          step={5}
          disabled={silent}
          value={Math.round(volume * 100)}
          onInput={(event) => prefer({ volume: Number(event.currentTarget.value) / 100 })}
          onChange={() => signal("picked")}
        />
      </label>
      <label className={parts.switch}>
        {t("settings.vibrate")}
        <input
          type="checkbox"
          checked={vibrate}
          onChange={(event) => {
            prefer({ vibrate: event.currentTarget.checked });
            signal("picked");
          }}
        />
      </label>
    </section>
  );
}

function LogOut() {
  const work = useWork();
  const { person } = useWorkState("person");
  const { busy, error, run } = useAction();
  return (
    <section>
      <Button full disabled={busy} onClick={() => run(() => work.logout())}>
        {t("settings.log_out", { name: person?.username ?? "" })}
      </Button>
      <Failed error={error} />
      <p className={parts.empty}>{t("settings.log_out_means")}</p>
    </section>
  );
}

/** Every answer, to be seen, heard and felt before it is needed. */
function Answers() {
  return (
    <section aria-labelledby="answers">
      <h2 id="answers" className={parts.section}>
        {t("settings.answers")}
      </h2>
      <p className={parts.empty}>{t("settings.answers_mean")}</p>
      <ul className={styles.answers}>
        {(Object.keys(LOOKS) as Kind[]).map((kind) => (
          <OneAnswer key={kind} kind={kind} />
        ))}
      </ul>
    </section>
  );
}

function OneAnswer({ kind }: { kind: Kind }) {
  const { colour, ink, symbol: Symbol_ } = LOOKS[kind];
  return (
    <li>
      <button
        type="button"
        className={styles.one}
        style={{ background: colour, color: ink }}
        onClick={() => signal(kind)}
      >
        <Symbol_ aria-hidden size={32} strokeWidth={3} />
        <span>{t(`answer.${kind}.word`)}</span>
        <Volume2 aria-hidden size={24} />
      </button>
    </li>
  );
}
