import { Button, PasswordInput, TextInput } from "@mantine/core";
import classes from "kit/shell/login.module.css";
import { useTitle } from "kit/shell/page";
import { type FormEvent, useState } from "react";
import { errorWords } from "../api/errors";
import { t } from "../i18n";
import { LanguageChoice } from "../parts/language-choice";
import { session } from "../session/current";

/** Ask who it is; the address stays, so that whoever logs in is where they wanted to go. */
export function LoginPage() {
  useTitle(t("login.title"));
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await session.logIn(username.trim(), password);
    } catch (reason) {
      setError(errorWords(reason));
      setBusy(false);
    }
  };

  return (
    <main className={classes.page} id="main">
      <form className={classes.card} onSubmit={(event) => void submit(event)}>
        <img src={`${import.meta.env.BASE_URL}icon.svg`} alt="" width={44} height={44} />
        <h1 className={classes.title}>{t("login.title")}</h1>
        <TextInput
          label={t("login.name")}
          autoComplete="username"
          autoCapitalize="none"
          value={username}
          onChange={(event) => setUsername(event.currentTarget.value)}
          autoFocus
          required
          withAsterisk={false}
        />
        <PasswordInput
          label={t("login.password")}
          autoComplete="current-password"
          value={password}
          error={error}
          onChange={(event) => setPassword(event.currentTarget.value)}
          visibilityToggleButtonProps={{ "aria-label": t("login.show_password") }}
          required
          withAsterisk={false}
        />
        <Button type="submit" loading={busy} disabled={!username || !password} fullWidth>
          {t("login.enter")}
        </Button>
        <LanguageChoice />
      </form>
    </main>
  );
}
