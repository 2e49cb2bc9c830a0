import { Button, NativeSelect, TextInput } from "@mantine/core";
import { LANGUAGE_NAMES, LANGUAGES, type Language, language } from "kit/i18n/language";
import { type FormEvent, useState } from "react";
import { t } from "../i18n";
import { useAction } from "../parts/action";
import { Trouble } from "../parts/trouble";
import { ask } from "../session/current";
import classes from "./screens.module.css";

const HOURS = Array.from({ length: 24 }, (_, hour) => hour);

/** Brings in the screen that shows a code; what is chosen stays for the next one. */
export function PairForm({ onDone }: { onDone: (name: string) => void }) {
  const { busy, error, run } = useAction();
  const [code, setCode] = useState("");
  const [name, setName] = useState("");
  const [spoken, setSpoken] = useState<Language>(language());
  const [from, setFrom] = useState<number | null>(null);
  const [until, setUntil] = useState(6);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => {
      const dim = from === null ? {} : { dim_from: from, dim_until: until };
      const json = { code, name: name.trim(), language: spoken, ...dim };
      await ask("/api/screens", { method: "POST", json });
      onDone(name.trim());
      setCode("");
      setName("");
    });
  };
  return (
    <form onSubmit={submit} className={classes.form}>
      <p className={classes.how}>{t("screens.how", { address: `${location.origin}/wall/` })}</p>
      <TextInput
        label={t("screens.code")}
        value={code}
        onChange={(event) => setCode(event.currentTarget.value)}
        inputMode="numeric"
        autoComplete="off"
        maxLength={32}
      />
      <TextInput
        label={t("screens.name")}
        placeholder={t("screens.name_means")}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        maxLength={64}
      />
      <NativeSelect
        label={t("screens.language")}
        value={spoken}
        onChange={(event) => setSpoken(event.currentTarget.value as Language)}
        data={LANGUAGES.map((one) => ({ value: one, label: LANGUAGE_NAMES[one] }))}
      />
      <NativeSelect
        label={t("screens.dim_from")}
        value={from ?? ""}
        onChange={(event) =>
          setFrom(event.currentTarget.value === "" ? null : Number(event.currentTarget.value))
        }
        data={[{ value: "", label: t("screens.never") }, ...hours()]}
      />
      {from !== null && (
        <NativeSelect
          label={t("screens.dim_until")}
          value={until}
          onChange={(event) => setUntil(Number(event.currentTarget.value))}
          data={hours()}
        />
      )}
      <Button type="submit" loading={busy} disabled={code.trim() === "" || name.trim() === ""}>
        {t("screens.pair")}
      </Button>
      <div className={classes.trouble}>
        <Trouble error={error} />
      </div>
    </form>
  );
}

const hours = () => HOURS.map((hour) => ({ value: String(hour), label: t("screens.hour", { hour }) }));
