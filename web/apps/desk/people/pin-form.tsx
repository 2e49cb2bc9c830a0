import { Button, PasswordInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { t } from "../i18n";
import { useAction } from "../parts/action";
import admin from "../parts/admin.module.css";
import { Confirm } from "../parts/confirm";
import { Trouble } from "../parts/trouble";
import { ask, usePerson } from "../session/current";
import type { Somebody } from "./people";

const DIGITS = /^[0-9]{6,12}$/;

interface Props {
  person: Somebody;
  onDone: (what: string) => void;
}

/** A new PIN, or none. The one that there is nobody sees; who sets their own shows by the password who they are. */
export function PinForm({ person: { username, has_pin }, onDone }: Props) {
  const { busy, error, run } = useAction();
  const [pin, setPin] = useState("");
  const [password, setPassword] = useState("");
  const [asking, setAsking] = useState(false);
  const isMe = usePerson()?.username === username;
  const path = `/api/users/${username}/pin`;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => {
      await ask(path, { method: "PUT", json: isMe ? { pin, password } : { pin } });
      setPin("");
      setPassword("");
      onDone(t("people.pin_set", { name: username }));
    });
  };
  const remove = async () => {
    await ask(path, { method: "DELETE" });
    onDone(t("people.pin_removed", { name: username }));
  };
  return (
    <section className={admin.card}>
      <h2>PIN</h2>
      <p>{has_pin ? t("people.has_pin") : t("people.no_pin")}</p>
      <form onSubmit={submit}>
        <PasswordInput
          label={t("people.new_pin")}
          description={t("people.pin_means")}
          value={pin}
          onChange={(event) => setPin(event.currentTarget.value)}
          visibilityToggleButtonProps={{ "aria-label": t("people.show_pin") }}
          inputMode="numeric"
          autoComplete="off"
          maxLength={12}
        />
        {isMe && (
          <PasswordInput
            label={t("people.your_password")}
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            visibilityToggleButtonProps={{ "aria-label": t("login.show_password") }}
            autoComplete="current-password"
            maxLength={256}
          />
        )}
        <div className={admin.buttons}>
          <Button
            type="submit"
            variant="default"
            loading={busy}
            disabled={!DIGITS.test(pin) || (isMe && password === "")}
          >
            {t("people.set_pin")}
          </Button>
          {has_pin && (
            <Button variant="default" onClick={() => setAsking(true)}>
              {t("people.remove_pin")}
            </Button>
          )}
        </div>
      </form>
      <Trouble error={error} />
      {asking && (
        <Confirm
          title={t("people.remove_pin")}
          means={t("people.pin_ends", { name: username })}
          action={t("people.remove_pin")}
          onConfirm={remove}
          onClose={() => setAsking(false)}
        />
      )}
    </section>
  );
}
