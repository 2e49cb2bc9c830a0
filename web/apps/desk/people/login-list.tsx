import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import table from "kit/common/table.module.css";
import { useNow } from "kit/common/use-now";
import { useState } from "react";
import { t } from "../i18n";
import admin from "../parts/admin.module.css";
import { Confirm } from "../parts/confirm";
import { Trouble } from "../parts/trouble";
import { When } from "../parts/when";
import { ask } from "../session/current";
import type { OpenLogin } from "./people";

/** Where somebody is logged in, to be ended one by one or all at once. */
export function LoginList({ username }: { username: string }) {
  const path = `/api/users/${username}/logins`;
  const logins = useQuery({
    queryKey: ["people", username, "logins"],
    queryFn: ({ signal }) => ask<OpenLogin[]>(path, { signal }),
    refetchInterval: 30_000,
  });
  const [ending, setEnding] = useState<string | null>(null);
  const end = async () => {
    await ask(path + ending, { method: "DELETE" });
    await logins.refetch();
  };
  const found = logins.data ?? [];
  return (
    <section className={admin.section}>
      <h2>{t("people.logins")}</h2>
      <Trouble error={logins.error} />
      {logins.data && found.length === 0 && <p>{t("people.no_logins")}</p>}
      {found.length > 0 && <Logins logins={found} onEnd={(id) => setEnding(`/${id}`)} />}
      {found.length > 1 && (
        <div className={admin.buttons}>
          <Button variant="default" onClick={() => setEnding("")}>
            {t("people.end_all")}
          </Button>
        </div>
      )}
      {ending !== null && (
        <Confirm
          title={ending === "" ? t("people.end_all") : t("people.end_login")}
          means={t("people.end_means", { name: username })}
          action={ending === "" ? t("people.end_all") : t("people.end_login")}
          onConfirm={end}
          onClose={() => setEnding(null)}
        />
      )}
    </section>
  );
}

function Logins({ logins, onEnd }: { logins: OpenLogin[]; onEnd: (id: string) => void }) {
  const now = useNow(15_000);
  return (
    <div className={table.scroll}>
      <table className={table.table}>
        <thead>
          <tr>
            <th>{t("people.by")}</th>
            <th>{t("people.on")}</th>
            <th>{t("people.renewed")}</th>
            <th>{t("people.ends")}</th>
            <td />
          </tr>
        </thead>
        <tbody>
          {logins.map(({ login_id, method, device, renewed_at, ends_at }) => (
            <tr key={login_id}>
              <td>{t(`login_by.${method}`)}</td>
              <td>{device ?? t("people.a_browser")}</td>
              <td>{renewed_at ? <When at={renewed_at} now={now} /> : t("people.not_renewed")}</td>
              <td>
                <When at={ends_at} now={now} />
              </td>
              <td className={admin.end}>
                <Button size="xs" variant="default" onClick={() => onEnd(login_id)}>
                  {t("people.end_login")}
                </Button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
