import { useQuery } from "@tanstack/react-query";
import { StateChip } from "kit/common/chip";
import table from "kit/common/table.module.css";
import { useNow } from "kit/common/use-now";
import { t } from "../i18n";
import admin from "../parts/admin.module.css";
import { Trouble } from "../parts/trouble";
import { When } from "../parts/when";
import { ask } from "../session/current";

export interface Erasure {
  pseudonym: string;
  requested_at: string;
  finished_at: string | null;
  waiting_for: string | null;
}

/** Who was erased, by what they are called now, and whether the name is replaced everywhere; nothing while nobody was. */
export function Erasures() {
  const now = useNow(15_000);
  const erasures = useQuery({
    queryKey: ["erasures"],
    queryFn: ({ signal }) => ask<Erasure[]>("/api/erasures", { signal }),
    refetchInterval: 15_000,
  });
  const found = erasures.data ?? [];
  if (found.length === 0) return <Trouble error={erasures.error} />;
  return (
    <section className={admin.section}>
      <h2>{t("people.erasures")}</h2>
      <Trouble error={erasures.error} />
      <div className={table.scroll}>
        <table className={table.table}>
          <thead>
            <tr>
              <th>{t("people.pseudonym")}</th>
              <th>{t("people.erased_at")}</th>
              <th>{t("people.erasure_state")}</th>
            </tr>
          </thead>
          <tbody>
            {found.map((one) => (
              <tr key={one.pseudonym}>
                <td>{one.pseudonym}</td>
                <td>
                  <When at={one.requested_at} now={now} />
                </td>
                <td>
                  <State erasure={one} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function State({ erasure: { finished_at, waiting_for } }: { erasure: Erasure }) {
  if (finished_at) return <StateChip tone="ok">{t("people.replaced")}</StateChip>;
  if (waiting_for === "task-service") return <StateChip tone="warn">{t("people.waits_tasks")}</StateChip>;
  if (waiting_for === "import-service") return <StateChip tone="warn">{t("people.waits_imports")}</StateChip>;
  return <StateChip tone="quiet">{t("people.replacing")}</StateChip>;
}
