import { Button, NativeSelect, PasswordInput } from "@mantine/core";
import { StateChip } from "kit/common/chip";
import { Page, PageLoading } from "kit/shell/page";
import { type FormEvent, useState } from "react";
import { Link } from "wouter";
import { t } from "../i18n";
import { useAction } from "../parts/action";
import admin from "../parts/admin.module.css";
import { Confirm } from "../parts/confirm";
import { ShownOnce } from "../parts/shown-once";
import { Trouble } from "../parts/trouble";
import { ask, usePerson } from "../session/current";
import type { Role } from "../session/session";
import { EraseCard } from "./erase-card";
import type { Erasure } from "./erasures";
import { LoginList } from "./login-list";
import { FEWEST_LETTERS, ROLES, type Somebody, usePeople } from "./people";
import { PinForm } from "./pin-form";

/** One person: their role, whether they may log in, and by what. */
export default function PersonPage({ name = "" }: { name?: string }) {
  const people = usePeople();
  const person = people.data?.find(({ username }) => username === name);
  const refresh = () => void people.refetch();
  const [erased, setErased] = useState<Erasure | null>(null);
  const isGone = people.data && !person;
  return (
    <Page title={name} actions={<Link href="/people">{t("nav.people")}</Link>}>
      <Trouble error={people.error} />
      {!people.data && !people.error && <PageLoading />}
      <p role="status">{isGone && erased && t("people.erased", { name, pseudonym: erased.pseudonym })}</p>
      {isGone && !erased && <p>{t("people.nobody")}</p>}
      {person && (
        <Everything
          key={name}
          person={person}
          onChanged={refresh}
          onErased={(erasure) => {
            setErased(erasure);
            refresh();
          }}
        />
      )}
    </Page>
  );
}

interface Props {
  person: Somebody;
  onChanged: () => void;
  onErased: (erasure: Erasure) => void;
}

function Everything({ person, onChanged, onErased }: Props) {
  const [said, setSaid] = useState<string | null>(null);
  const [badge, setBadge] = useState<string | null>(null);
  const done = (what: string) => {
    setSaid(what);
    onChanged();
  };
  return (
    <>
      <p role="status">{said}</p>
      {badge && (
        <ShownOnce
          title={t("people.badge_made", { name: person.username })}
          secret={badge}
          onDone={() => setBadge(null)}
        />
      )}
      <div className={admin.cards}>
        <RoleCard key={person.role} person={person} onDone={done} />
        <PasswordCard person={person} onDone={done} />
        {person.active && <PinForm person={person} onDone={done} />}
        {person.active && <BadgeCard person={person} onMade={setBadge} onDone={done} />}
        <ActivityCard person={person} onDone={done} />
        <EraseCard person={person} onErased={onErased} />
      </div>
      <LoginList username={person.username} />
    </>
  );
}

interface CardProps {
  person: Somebody;
  onDone: (what: string) => void;
}

const pathOf = ({ username }: Somebody) => `/api/users/${username}`;

function RoleCard({ person, onDone }: CardProps) {
  const { busy, error, run } = useAction();
  const [role, setRole] = useState<Role>(person.role);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => {
      await ask(pathOf(person), { method: "PATCH", json: { role } });
      onDone(t("people.role_set", { name: person.username, role: t(`role.${role}`) }));
    });
  };
  return (
    <section className={admin.card}>
      <h2>{t("people.role")}</h2>
      <form onSubmit={submit}>
        <NativeSelect
          label={t("people.may")}
          value={role}
          onChange={(event) => setRole(event.currentTarget.value as Role)}
          data={ROLES.map((value) => ({ value, label: t(`role.${value}`) }))}
        />
        <Button type="submit" variant="default" loading={busy} disabled={role === person.role}>
          {t("people.set_role")}
        </Button>
      </form>
      <Trouble error={error} />
    </section>
  );
}

function PasswordCard({ person, onDone }: CardProps) {
  const { busy, error, run } = useAction();
  const [password, setPassword] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => {
      await ask(pathOf(person), { method: "PATCH", json: { password } });
      setPassword("");
      onDone(t("people.password_set", { name: person.username }));
    });
  };
  return (
    <section className={admin.card}>
      <h2>{t("login.password")}</h2>
      <form onSubmit={submit}>
        <PasswordInput
          label={t("people.new_password")}
          description={t("people.password_means")}
          placeholder={t("people.at_least", { count: FEWEST_LETTERS })}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          visibilityToggleButtonProps={{ "aria-label": t("login.show_password") }}
          autoComplete="new-password"
          maxLength={256}
        />
        <Button type="submit" variant="default" loading={busy} disabled={password.length < FEWEST_LETTERS}>
          {t("people.set_password")}
        </Button>
      </form>
      <Trouble error={error} />
    </section>
  );
}

function BadgeCard({ person, onMade, onDone }: CardProps & { onMade: (code: string) => void }) {
  const { busy, error, run } = useAction();
  const [asking, setAsking] = useState<"make" | "end" | null>(null);
  const path = `${pathOf(person)}/badge`;
  const make = async () => {
    onMade((await ask<{ code: string }>(path, { method: "POST" })).code);
    onDone("");
  };
  const end = async () => {
    await ask(path, { method: "DELETE" });
    onDone(t("people.badge_ended", { name: person.username }));
  };
  return (
    <section className={admin.card}>
      <h2>{t("people.badge")}</h2>
      <p>{person.has_badge ? t("people.has_badge") : t("people.no_badge")}</p>
      <div className={admin.buttons}>
        <Button
          variant="default"
          loading={busy}
          onClick={() => (person.has_badge ? setAsking("make") : void run(make))}
        >
          {t("people.make_badge")}
        </Button>
        {person.has_badge && (
          <Button variant="default" onClick={() => setAsking("end")}>
            {t("people.end_badge")}
          </Button>
        )}
      </div>
      <Trouble error={error} />
      {asking && (
        <Confirm
          title={asking === "make" ? t("people.make_badge") : t("people.end_badge")}
          means={t("people.badge_ends", { name: person.username })}
          action={asking === "make" ? t("people.make_badge") : t("people.end_badge")}
          onConfirm={asking === "make" ? make : end}
          onClose={() => setAsking(null)}
        />
      )}
    </section>
  );
}

function ActivityCard({ person, onDone }: CardProps) {
  const { busy, error, run } = useAction();
  const [asking, setAsking] = useState(false);
  const { username, active } = person;
  const isMe = usePerson()?.username === username;
  const set = async (is: boolean) => {
    await ask(pathOf(person), { method: "PATCH", json: { active: is } });
    onDone(is ? t("people.back", { name: username }) : t("people.left", { name: username }));
  };
  return (
    <section className={admin.card}>
      <h2>{t("people.may_log_in")}</h2>
      <p>
        <StateChip tone={active ? "ok" : "bad"}>
          {active ? t("people.active") : t("people.inactive")}
        </StateChip>
      </p>
      <div className={admin.buttons}>
        {active ? (
          <Button variant="default" onClick={() => setAsking(true)}>
            {t("people.deactivate")}
          </Button>
        ) : (
          <Button variant="default" loading={busy} onClick={() => void run(() => set(true))}>
            {t("people.reactivate")}
          </Button>
        )}
      </div>
      <Trouble error={error} />
      {asking && (
        <Confirm
          title={t("people.deactivate_title", { name: username })}
          means={`${t("people.deactivate_means")} ${isMe ? t("people.is_you") : ""}`}
          action={t("people.deactivate")}
          onConfirm={() => set(false)}
          onClose={() => setAsking(false)}
        />
      )}
    </section>
  );
}
