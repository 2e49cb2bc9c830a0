import { Button, NativeSelect, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { t } from "../i18n";
import filters from "../parts/filters.module.css";
import { midnight } from "../parts/midnight";
import { KINDS, kindWords } from "./words";

const SAID = ["actor", "action", "subject_id"] as const;

/** What the gateway is asked for, by what stands in the address: there days are those of this place. */
export function queryOf(search: URLSearchParams): string {
  const query = new URLSearchParams();
  for (const name of SAID) if (search.get(name)) query.set(name, search.get(name) as string);
  const first = midnight(search.get("from"), 0);
  const behind = midnight(search.get("to"), 1);
  if (first) query.set("since", first);
  if (behind) query.set("until", behind);
  return query.toString();
}

interface Props {
  search: URLSearchParams;
  onChange: (change: Record<string, string | null>) => void;
}

export function AuditFilters({ search, onChange }: Props) {
  const [actor, setActor] = useState(search.get("actor") ?? "");
  const [subject, setSubject] = useState(search.get("subject_id") ?? "");
  const [from, setFrom] = useState(search.get("from") ?? "");
  const [to, setTo] = useState(search.get("to") ?? "");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const said = { actor: actor.trim(), subject_id: subject.trim(), from, to };
    onChange(Object.fromEntries(Object.entries(said).map(([name, value]) => [name, value || null])));
  };
  return (
    <form className={filters.filters} onSubmit={submit}>
      <TextInput
        label={t("audit.who")}
        value={actor}
        onChange={(event) => setActor(event.currentTarget.value)}
      />
      <TextInput
        label={t("audit.subject")}
        value={subject}
        onChange={(event) => setSubject(event.currentTarget.value)}
      />
      <TextInput
        type="date"
        label={t("audit.from")}
        value={from}
        max={to || undefined}
        onChange={(event) => setFrom(event.currentTarget.value)}
      />
      <TextInput
        type="date"
        label={t("audit.to")}
        value={to}
        min={from || undefined}
        onChange={(event) => setTo(event.currentTarget.value)}
      />
      <Button type="submit" variant="default">
        {t("refusals.filter")}
      </Button>
      <NativeSelect
        label={t("audit.what")}
        value={search.get("action") ?? ""}
        onChange={(event) => onChange({ action: event.currentTarget.value || null })}
        data={[
          { value: "", label: t("audit.everything") },
          ...KINDS.map((kind) => ({ value: kind, label: kindWords(kind) })),
        ]}
      />
    </form>
  );
}
