import { Button } from "@mantine/core";
import classes from "kit/shell/login.module.css";
import { useTitle } from "kit/shell/page";
import { t } from "../i18n";
import { session } from "../session/current";
import type { Person } from "../session/session";

/** What a worker sees, for whom there is another application. */
export function NotHere({ person }: { person: Person }) {
  useTitle(t("login.not_here"));
  return (
    <main className={classes.page} id="main">
      <div className={classes.card}>
        <h1 className={classes.title}>{t("login.not_here")}</h1>
        <p>{t("login.not_here_means", { name: person.username })}</p>
        <Button component="a" href="/app/">
          {t("login.pick")}
        </Button>
        <Button variant="default" onClick={() => void session.logOut()}>
          {t("login.somebody_else")}
        </Button>
      </div>
    </main>
  );
}
