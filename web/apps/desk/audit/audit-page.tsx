import { Button } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import calm from "kit/common/calm.module.css";
import { changeUrl } from "kit/common/change-url";
import { Page, PageLoading } from "kit/shell/page";
import { useSearchParams } from "wouter";
import type { AuditEntry, Page as ListPage } from "../api/types";
import { t } from "../i18n";
import { useAction } from "../parts/action";
import { More } from "../parts/more";
import { Trouble } from "../parts/trouble";
import { ask, download } from "../session/current";
import { AuditFilters, queryOf } from "./audit-filters";
import { AuditTable } from "./audit-table";

/** Who changed what outside scanning, for administrators. */
export default function AuditPage() {
  const [search, setSearch] = useSearchParams();
  const query = queryOf(search);
  const entries = useInfiniteQuery({
    queryKey: ["audit", query],
    queryFn: ({ pageParam, signal }) => {
      const page = new URLSearchParams(query);
      if (pageParam) page.set("after", String(pageParam));
      return ask<ListPage<AuditEntry>>(`/api/audit?${page}`, { signal });
    },
    initialPageParam: 0,
    getNextPageParam: ({ next_after }) => next_after,
  });
  const { busy, error, run } = useAction();
  const file = () => download(`/api/audit/audit.csv?${query}`, "audit.csv");
  const found = entries.data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <Page
      title={t("audit.title")}
      actions={
        <Button size="xs" variant="default" disabled={busy} onClick={() => void run(file)}>
          CSV
        </Button>
      }
    >
      <p>{t("audit.means")}</p>
      <AuditFilters
        key={query}
        search={search}
        onChange={(change) => setSearch(changeUrl(search, change), { replace: true })}
      />
      <Trouble error={error ?? entries.error} />
      {!entries.data && !entries.error && <PageLoading />}
      {entries.data && found.length === 0 && <p className={calm.calm}>{t("audit.none")}</p>}
      {found.length > 0 && <AuditTable entries={found} />}
      <More
        has={entries.hasNextPage}
        busy={entries.isFetchingNextPage}
        onMore={() => void entries.fetchNextPage()}
      />
    </Page>
  );
}
