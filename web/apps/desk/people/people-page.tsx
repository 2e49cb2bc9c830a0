import { Checkbox, NativeSelect, TextInput } from "@mantine/core";
import calm from "kit/common/calm.module.css";
import { StateChip } from "kit/common/chip";
import table from "kit/common/table.module.css";
import { number } from "kit/i18n/format";
import { Page, PageLoading } from "kit/shell/page";
import { useState } from "react";
import { Link } from "wouter";
import { t } from "../i18n";
import admin from "../parts/admin.module.css";
import filters from "../parts/filters.module.css";
import { Trouble } from "../parts/trouble";
import { Erasures } from "./erasures";
import { NewPerson } from "./new-person";
import { ROLES, type Somebody, usePeople } from "./people";

/** Of a long list so many are drawn; the others are found by their name. */
const SHOWN = 300;

/** Everybody who may log in, for administrators. */
export default function PeoplePage() {
  const people = usePeople();
  const [made, setMade] = useState<string | null>(null);
  const [wanted, setWanted] = useState("");
  const [role, setRole] = useState("");
  const [gone, setGone] = useState(false);
  const found = (people.data ?? []).filter(
    (one) =>
      one.username.includes(wanted.trim().toLowerCase()) &&
      (role === "" || one.role === role) &&
      (gone || one.active),
  );
  return (
    <Page title={t("people.title")}>
      <NewPerson
        onMade={(name) => {
          setMade(name);
          void people.refetch();
        }}
      />
      <p role="status">{made && t("people.made", { name: made })}</p>
      <Trouble error={people.error} />
      <div className={filters.filters}>
        <TextInput
          label={t("people.search")}
          value={wanted}
          onChange={(event) => setWanted(event.currentTarget.value)}
        />
        <NativeSelect
          label={t("people.role")}
          value={role}
          onChange={(event) => setRole(event.currentTarget.value)}
          data={[
            { value: "", label: t("people.any") },
            ...ROLES.map((value) => ({ value, label: t(`role.${value}`) })),
          ]}
        />
        <Checkbox
          label={t("people.with_gone")}
          checked={gone}
          onChange={(event) => setGone(event.currentTarget.checked)}
        />
      </div>
      {!people.data && !people.error && <PageLoading />}
      {people.data && found.length === 0 && <p className={calm.calm}>{t("people.none")}</p>}
      {found.length > 0 && <People people={found.slice(0, SHOWN)} />}
      {found.length > SHOWN && <p>{t("people.more", { number: number(found.length - SHOWN) })}</p>}
      {people.data && <Erasures />}
    </Page>
  );
}

function People({ people }: { people: Somebody[] }) {
  return (
    <div className={table.scroll}>
      <table className={table.table}>
        <thead>
          <tr>
            <th>{t("people.name")}</th>
            <th>{t("people.role")}</th>
            <th>{t("people.quick")}</th>
          </tr>
        </thead>
        <tbody>
          {people.map(({ username, role, active, has_pin, has_badge }) => (
            <tr key={username}>
              <td>
                <Link href={`/people/${username}`}>{username}</Link>
              </td>
              <td>
                <span className={admin.chips}>
                  <StateChip tone={role === "admin" ? "warn" : "quiet"}>{t(`role.${role}`)}</StateChip>
                  {!active && <StateChip tone="bad">{t("people.inactive")}</StateChip>}
                </span>
              </td>
              <td>
                <span className={admin.chips}>
                  {has_pin && <StateChip tone="quiet">PIN</StateChip>}
                  {has_badge && <StateChip tone="quiet">{t("people.badge")}</StateChip>}
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
