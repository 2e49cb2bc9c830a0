import { Button } from "@mantine/core";
import { useState } from "react";
import { t } from "../i18n";
import admin from "../parts/admin.module.css";
import { Confirm } from "../parts/confirm";
import { ask, usePerson } from "../session/current";
import type { Erasure } from "./erasures";
import type { Somebody } from "./people";

interface Props {
  person: Somebody;
  onErased: (erasure: Erasure) => void;
}

/** Erases who has left for good, and was deactivated before; nobody themself. */
export function EraseCard({ person: { username, active }, onErased }: Props) {
  const [asking, setAsking] = useState(false);
  const isMe = usePerson()?.username === username;
  const erase = async () => {
    const path = `/api/users/${username}/erase`;
    onErased(await ask<Erasure>(path, { method: "POST", json: { username } }));
  };
  return (
    <section className={admin.card}>
      <h2>{t("people.erasing")}</h2>
      <p>{t("people.erase_how")}</p>
      {isMe && <p>{t("error.own_user")}</p>}
      {active && !isMe && <p>{t("error.user_active")}</p>}
      {!active && !isMe && (
        <div className={admin.buttons}>
          <Button variant="default" onClick={() => setAsking(true)}>
            {t("people.erase")}
          </Button>
        </div>
      )}
      {asking && (
        <Confirm
          title={t("people.erase_title", { name: username })}
          means={t("people.erase_means")}
          action={t("people.erase")}
          typed={username}
          onConfirm={erase}
          onClose={() => setAsking(false)}
        />
      )}
    </section>
  );
}
