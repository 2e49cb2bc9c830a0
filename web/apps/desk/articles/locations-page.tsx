import { Button, NumberInput, TextInput } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import calm from "kit/common/calm.module.css";
import { changeUrl } from "kit/common/change-url";
import table from "kit/common/table.module.css";
import { number } from "kit/i18n/format";
import { Page, PageLoading } from "kit/shell/page";
import { type FormEvent, useState } from "react";
import { Link, useSearchParams } from "wouter";
import type { Page as ListPage } from "../api/types";
import { t } from "../i18n";
import { useAction } from "../parts/action";
import admin from "../parts/admin.module.css";
import { Confirm } from "../parts/confirm";
import { More } from "../parts/more";
import { Trouble } from "../parts/trouble";
import { ask } from "../session/current";
import type { Location } from "./articles";
import { Downloads } from "./downloads";
import { SearchForm } from "./search-form";

const pathOf = (code: string) => `/api/locations/${encodeURIComponent(code)}`;

/** Where articles lie, and when a round through the warehouse passes there. */
export default function LocationsPage() {
  const [search, setSearch] = useSearchParams();
  const query = search.get("query") ?? "";
  const locations = useInfiniteQuery({
    queryKey: ["locations", query],
    queryFn: ({ pageParam, signal }) => {
      const asked = new URLSearchParams({ query, after: String(pageParam) });
      return ask<ListPage<Location>>(`/api/locations?${asked}`, { signal });
    },
    initialPageParam: 0,
    getNextPageParam: ({ next_after }) => next_after,
  });
  const [changing, setChanging] = useState<Location | null>(null);
  const [removing, setRemoving] = useState<Location | null>(null);
  const [said, setSaid] = useState("");
  const done = (what: string) => {
    setSaid(what);
    setChanging(null);
    void locations.refetch();
  };
  const remove = async ({ code }: Location) => {
    await ask(pathOf(code), { method: "DELETE" });
    done(t("locations.removed", { code }));
  };
  const found = locations.data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <Page
      title={t("locations.title")}
      actions={
        <Downloads kind="locations">
          <Link href="/articles">{t("articles.title")}</Link>
        </Downloads>
      }
    >
      <LocationForm
        key={changing?.code ?? "new"}
        of={changing}
        onDone={(code) => done(t("locations.saved", { code }))}
        onCancel={() => setChanging(null)}
      />
      <p role="status">{said}</p>
      <SearchForm
        key={query}
        label={t("locations.search")}
        query={query}
        onSearch={(wanted) => setSearch(changeUrl(search, { query: wanted || null }), { replace: true })}
      />
      <Trouble error={locations.error} />
      {!locations.data && !locations.error && <PageLoading />}
      {locations.data && found.length === 0 && <p className={calm.calm}>{t("locations.none")}</p>}
      {found.length > 0 && <Locations locations={found} onChange={setChanging} onRemove={setRemoving} />}
      <More
        has={locations.hasNextPage}
        busy={locations.isFetchingNextPage}
        onMore={() => void locations.fetchNextPage()}
      />
      {removing && (
        <Confirm
          title={t("locations.remove_title", { code: removing.code })}
          means={t("locations.remove_means")}
          action={t("articles.remove")}
          onConfirm={() => remove(removing)}
          onClose={() => setRemoving(null)}
        />
      )}
    </Page>
  );
}

interface ListProps {
  locations: Location[];
  onChange: (location: Location) => void;
  onRemove: (location: Location) => void;
}

function Locations({ locations, onChange, onRemove }: ListProps) {
  return (
    <div className={table.scroll}>
      <table className={`${table.table} ${table.lined}`}>
        <thead>
          <tr>
            <th>{t("locations.sequence")}</th>
            <th>{t("locations.code")}</th>
            <th>{t("locations.zone")}</th>
            <th>{t("locations.aisle")}</th>
            <td />
          </tr>
        </thead>
        <tbody>
          {locations.map((one) => (
            <tr key={one.code}>
              <td className={table.number}>{number(one.sequence)}</td>
              <td className={table.number}>
                <b>{one.code}</b>
              </td>
              <td>{one.zone}</td>
              <td>{one.aisle}</td>
              <td className={admin.end}>
                <Button size="xs" variant="default" onClick={() => onChange(one)}>
                  {t("articles.change")}
                </Button>{" "}
                <Button size="xs" variant="default" onClick={() => onRemove(one)}>
                  {t("articles.remove")}
                </Button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface FormProps {
  of: Location | null;
  onDone: (code: string) => void;
  onCancel: () => void;
}

const NOTHING = { code: "", zone: "", aisle: "" };

function LocationForm({ of, onDone, onCancel }: FormProps) {
  const { busy, error, run } = useAction();
  const [{ code, zone, aisle }, setNames] = useState(of ?? NOTHING);
  const [sequence, setSequence] = useState<number | string>(of?.sequence ?? "");
  const names = { code, zone, aisle };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => {
      const json = { zone: zone.trim(), aisle: aisle.trim(), sequence: Number(sequence) };
      await ask(pathOf(code.trim()), { method: "PUT", json });
      setNames(NOTHING);
      setSequence("");
      onDone(code.trim());
    });
  };
  return (
    <form className={admin.form} onSubmit={submit} aria-label={t("locations.form")}>
      <TextInput
        label={t("locations.code")}
        value={code}
        onChange={(event) => setNames({ ...names, code: event.currentTarget.value })}
        readOnly={of !== null}
        autoComplete="off"
        maxLength={32}
      />
      <TextInput
        label={t("locations.zone")}
        value={zone}
        onChange={(event) => setNames({ ...names, zone: event.currentTarget.value })}
        autoFocus={of !== null}
        maxLength={200}
      />
      <TextInput
        label={t("locations.aisle")}
        value={aisle}
        onChange={(event) => setNames({ ...names, aisle: event.currentTarget.value })}
        maxLength={200}
      />
      <NumberInput
        label={t("locations.sequence")}
        placeholder={t("locations.sequence_means")}
        value={sequence}
        onChange={setSequence}
        min={0}
        max={2_147_483_647}
        allowDecimal={false}
        hideControls
      />
      <Button type="submit" loading={busy} disabled={code.trim() === "" || sequence === ""}>
        {t("articles.save")}
      </Button>
      {of && (
        <Button variant="subtle" onClick={onCancel}>
          {t("app.close")}
        </Button>
      )}
      <div className={admin.trouble}>
        <Trouble error={error} />
      </div>
    </form>
  );
}
