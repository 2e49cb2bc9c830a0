import { Button, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import calm from "kit/common/calm.module.css";
import { StateChip } from "kit/common/chip";
import table from "kit/common/table.module.css";
import { useNow } from "kit/common/use-now";
import { Page, PageLoading } from "kit/shell/page";
import { type FormEvent, useState } from "react";
import { Link } from "wouter";
import { t } from "../i18n";
import { useAction } from "../parts/action";
import admin from "../parts/admin.module.css";
import { Confirm } from "../parts/confirm";
import { ShownOnce } from "../parts/shown-once";
import { Trouble } from "../parts/trouble";
import { When } from "../parts/when";
import { ask } from "../session/current";
import { Choices } from "./choices";
import { type ApiKey, SCOPES, type Scope } from "./integrations";
import { scopeWords } from "./words";

const NAME = /^[a-z0-9][a-z0-9._-]{0,27}$/;

/** Keys by which programs, such as an ERP, ask and hand in. */
export default function KeysPage() {
  const keys = useQuery({
    queryKey: ["keys"],
    queryFn: ({ signal }) => ask<ApiKey[]>("/api/keys", { signal }),
    refetchInterval: 30_000,
  });
  const [made, setMade] = useState<{ name: string; key: string } | null>(null);
  const found = keys.data?.toSorted((one, other) => Number(isOver(one)) - Number(isOver(other)));
  return (
    <Page title={t("keys.title")} actions={<Link href="/webhooks">{t("webhooks.title")}</Link>}>
      <p>{t("keys.means")}</p>
      {made && (
        <ShownOnce
          title={t("keys.key_of", { name: made.name })}
          secret={made.key}
          onDone={() => setMade(null)}
        />
      )}
      <NewKey
        onMade={(key) => {
          setMade(key);
          void keys.refetch();
        }}
      />
      <Trouble error={keys.error} />
      {!found && !keys.error && <PageLoading />}
      {found?.length === 0 && <p className={calm.calm}>{t("keys.none")}</p>}
      {found && found.length > 0 && <Keys keys={found} onRevoked={() => void keys.refetch()} />}
    </Page>
  );
}

const hasExpired = ({ expires_at }: ApiKey) => expires_at !== null && Date.parse(expires_at) <= Date.now();
const isOver = (key: ApiKey) => key.revoked_at !== null || hasExpired(key);

function NewKey({ onMade }: { onMade: (key: ApiKey & { key: string }) => void }) {
  const { busy, error, run } = useAction();
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<Scope[]>([]);
  const [until, setUntil] = useState("");
  const isName = NAME.test(name.trim());
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => {
      const ends = endOf(until);
      const json = { name: name.trim(), scopes, ...(ends ? { expires_at: ends } : {}) };
      onMade(await ask<ApiKey & { key: string }>("/api/keys", { method: "POST", json }));
      setName("");
      setScopes([]);
      setUntil("");
    });
  };
  return (
    <form onSubmit={submit} className={admin.form} aria-label={t("keys.new")}>
      <TextInput
        label={t("keys.name")}
        placeholder="erp"
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        error={name.trim() !== "" && !isName && t("keys.name_means")}
        autoCapitalize="none"
        autoComplete="off"
        maxLength={28}
      />
      <TextInput
        type="date"
        label={t("keys.until")}
        value={until}
        onChange={(event) => setUntil(event.currentTarget.value)}
      />
      <Choices
        label={t("keys.scopes")}
        all={SCOPES}
        chosen={scopes}
        words={scopeWords}
        onChoose={setScopes}
      />
      <Button type="submit" loading={busy} disabled={!isName || scopes.length === 0}>
        {t("keys.create")}
      </Button>
      <div className={admin.trouble}>
        <Trouble error={error} />
      </div>
    </form>
  );
}

/** The end of a day here, as the gateway takes moments. */
function endOf(day: string): string | null {
  const [year, month, date] = day.split("-").map(Number);
  if (!year || !month || !date) return null;
  return new Date(year, month - 1, date + 1).toISOString();
}

function Keys({ keys, onRevoked }: { keys: ApiKey[]; onRevoked: () => void }) {
  const now = useNow(15_000);
  const [revoking, setRevoking] = useState<ApiKey | null>(null);
  const revoke = async () => {
    await ask(`/api/keys/${revoking?.key_id}`, { method: "DELETE" });
    onRevoked();
  };
  return (
    <div className={table.scroll}>
      <table className={table.table}>
        <thead>
          <tr>
            <th>{t("keys.name")}</th>
            <th>{t("keys.begins")}</th>
            <th>{t("keys.scopes")}</th>
            <th>{t("keys.used")}</th>
            <th>{t("keys.ends")}</th>
            <th>{t("keys.made_by")}</th>
            <td />
          </tr>
        </thead>
        <tbody>
          {keys.map((key) => (
            <tr key={key.key_id}>
              <td>
                <b>{key.name}</b>
              </td>
              <td className={admin.code}>{key.prefix}…</td>
              <td>{key.scopes.map(scopeWords).join(", ")}</td>
              <td>{key.last_used_at ? <When at={key.last_used_at} now={now} /> : t("keys.never")}</td>
              <td>{key.expires_at ? <When at={key.expires_at} now={now} /> : t("keys.no_end")}</td>
              <td>
                {key.created_by}, <When at={key.created_at} now={now} />
              </td>
              <td className={admin.end}>
                {isOver(key) ? (
                  <StateChip tone="quiet">{key.revoked_at ? t("keys.revoked") : t("keys.expired")}</StateChip>
                ) : (
                  <Button size="xs" variant="default" onClick={() => setRevoking(key)}>
                    {t("keys.revoke")}
                  </Button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {revoking && (
        <Confirm
          title={t("keys.revoke_title", { name: revoking.name })}
          means={t("keys.revoke_means")}
          action={t("keys.revoke")}
          onConfirm={revoke}
          onClose={() => setRevoking(null)}
        />
      )}
    </div>
  );
}
