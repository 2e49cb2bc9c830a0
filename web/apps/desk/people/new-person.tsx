import { Button, NativeSelect, PasswordInput, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { t } from "../i18n";
import { useAction } from "../parts/action";
import admin from "../parts/admin.module.css";
import { Trouble } from "../parts/trouble";
import { ask } from "../session/current";
import type { Role } from "../session/session";
import { FEWEST_LETTERS, NAME, ROLES, type User } from "./people";

/** Brings somebody in: a name that nobody else has, and a first password. */
export function NewPerson({ onMade }: { onMade: (name: string) => void }) {
  const { busy, error, run } = useAction();
  const [username, setUsername] = useState("");
  const [role, setRole] = useState<Role>("worker");
  const [password, setPassword] = useState("");
  const name = username.trim();
  const isName = NAME.test(name);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => {
      const made = await ask<User>("/api/users", {
        method: "POST",
        json: { username: name, role, password },
      });
      onMade(made.username);
      setUsername("");
      setPassword("");
    });
  };
  return (
    <form onSubmit={submit} className={admin.form} aria-label={t("people.new")}>
      <TextInput
        label={t("people.new_name")}
        value={username}
        onChange={(event) => setUsername(event.currentTarget.value)}
        error={name !== "" && !isName && t("people.name_means")}
        autoCapitalize="none"
        autoComplete="off"
        maxLength={32}
      />
      <NativeSelect
        label={t("people.new_role")}
        value={role}
        onChange={(event) => setRole(event.currentTarget.value as Role)}
        data={ROLES.map((value) => ({ value, label: t(`role.${value}`) }))}
      />
      <PasswordInput
        label={t("people.first_password")}
        placeholder={t("people.at_least", { count: FEWEST_LETTERS })}
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
        visibilityToggleButtonProps={{ "aria-label": t("login.show_password") }}
        autoComplete="new-password"
        maxLength={256}
        miw={230}
      />
      <Button type="submit" loading={busy} disabled={!isName || password.length < FEWEST_LETTERS}>
        {t("people.create")}
      </Button>
      <div className={admin.trouble}>
        <Trouble error={error} />
      </div>
    </form>
  );
}
