import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import type { Preview, Profile } from "../api/types";
import { t } from "../i18n";
import { useAction } from "../parts/action";
import { Trouble } from "../parts/trouble";
import { ask, usePerson } from "../session/current";
import classes from "./imports.module.css";
import { MEANINGS, type Meaning, type Options } from "./upload";

interface Props {
  seen: Preview;
  options: Options;
  profiles: Profile[];
  onChange: (options: Options) => void;
}

/** Says which column means what, where that was not recognised or is wrong; it can be kept as a profile. */
export function MappingForm({ seen, options, profiles, onChange }: Props) {
  const { columns, meanings, error } = seen;
  const { mapping } = options;
  const choose = (meaning: Meaning, name: string) => {
    const { [meaning]: _, ...others } = mapping;
    onChange({ ...options, mapping: name ? { ...others, [meaning]: name } : others });
  };
  if (columns.length === 0) return null;
  // A file may have two columns of one name; which is meant no name can say.
  const names = [...new Set(columns)];
  return (
    <details open={error !== null || Object.keys(mapping).length > 0}>
      <summary>{t("mapping.title")}</summary>
      <div className={classes.mapping}>
        {MEANINGS[options.subject].map((meaning) => (
          <NativeSelect
            key={meaning}
            label={t(`meaning.${meaning}`)}
            value={mapping[meaning] ?? ""}
            onChange={(event) => choose(meaning, event.currentTarget.value)}
            data={[
              { value: "", label: recognisedWords(mapping[meaning] ? undefined : meanings[meaning]) },
              ...names.map((name) => ({ value: name, label: name })),
            ]}
          />
        ))}
      </div>
      {Object.keys(mapping).length > 0 && (
        <KeepForm options={options} profiles={profiles} onChange={onChange} />
      )}
    </details>
  );
}

const recognisedWords = (name: string | undefined) =>
  name ? t("mapping.recognised", { name }) : t("mapping.recognise");

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

function KeepForm({ options, profiles, onChange }: Omit<Props, "seen">) {
  const client = useQueryClient();
  const person = usePerson();
  const { busy, error, run } = useAction();
  const [name, setName] = useState("");
  // What the gateway takes from managers alone is offered to nobody else.
  if (person?.role !== "manager" && person?.role !== "admin") return null;
  const kept = name.trim().toLowerCase();
  // Also one of files of another kind: there is one of a name.
  const there = profiles.find((one) => one.name === kept);
  const isTaken = there !== undefined && (there.ready_made || there.subject !== options.subject);
  const keep = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => {
      const base = profiles.find((one) => one.name === options.profile);
      const { name: _, ready_made: __, ...said } = base ?? { name: "", ready_made: false, description: "" };
      const json = { ...said, subject: options.subject, mapping: { ...base?.mapping, ...options.mapping } };
      await ask(`/api/import-profiles/${encodeURIComponent(kept)}`, { method: "PUT", json });
      await client.invalidateQueries({ queryKey: ["import-profiles"] });
      onChange({ ...options, profile: kept, mapping: {} });
    });
  };
  return (
    <form className={classes.options} onSubmit={keep}>
      <TextInput
        label={t("mapping.name")}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        error={isTaken && (there.ready_made ? t("mapping.ready_made") : t("mapping.taken"))}
        autoComplete="off"
        maxLength={64}
      />
      <Button type="submit" variant="default" loading={busy} disabled={!NAME.test(kept) || isTaken}>
        {there ? t("mapping.replace") : t("mapping.keep")}
      </Button>
      <Trouble error={error} />
    </form>
  );
}
