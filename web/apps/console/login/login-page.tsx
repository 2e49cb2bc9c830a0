import { Button, PasswordInput } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import classes from "kit/shell/login.module.css";
import { useTitle } from "kit/shell/page";
import { type FormEvent, useState } from "react";
import { Redirect, useSearchParams } from "wouter";
import { logIn, SESSION_KEY, sessionQuery } from "../api/session";
import { localPath } from "./next";

/** Ask for the operator's password, then go on to where somebody wanted to go. */
export default function LoginPage() {
  useTitle("Log in");
  const client = useQueryClient();
  const session = useQuery(sessionQuery);
  const [search] = useSearchParams();
  const [password, setPassword] = useState("");
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  if (session.data?.authenticated) return <Redirect to={localPath(search.get("next"))} replace />;

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      client.setQueryData(SESSION_KEY, await logIn(password));
    } catch (reason) {
      setError(reason instanceof Error ? reason.message : String(reason));
      setBusy(false);
    }
  };

  return (
    <main className={classes.page} id="main">
      <form className={classes.card} onSubmit={(event) => void submit(event)}>
        <img src="/icon.svg" alt="" width={44} height={44} />
        <h1 className={classes.title}>Magacin Track</h1>
        {/* A password manager wants a name to keep the password under. */}
        <input
          className="visually-hidden"
          aria-label="Name"
          autoComplete="username"
          value="operator"
          readOnly
          tabIndex={-1}
        />
        <PasswordInput
          label="Operator password"
          description="It is in secrets/operator-password of the data directory; ./magacin up says where."
          autoComplete="current-password"
          value={password}
          error={error}
          onChange={(event) => setPassword(event.currentTarget.value)}
          autoFocus
          required
          withAsterisk={false}
        />
        <Button type="submit" loading={busy} disabled={password === ""} fullWidth>
          Log in
        </Button>
      </form>
    </main>
  );
}
