import { Loader } from "@mantine/core";
import type { ReactNode } from "react";
import { useEffect } from "react";
import classes from "./page.module.css";
import { words } from "./words";

/** Set the browser's title while a page is open. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Magacin Track`;
  }, [title]);
}

interface PageProps {
  title: string;
  /** What stands to the right of the title: buttons, filters. */
  actions?: ReactNode;
  children: ReactNode;
}

/** The frame of a page that is not a dashboard: a title, actions, and the content in a readable width. */
export function Page({ title, actions, children }: PageProps) {
  useTitle(title);
  return (
    <main className={classes.page} id="main" tabIndex={-1}>
      <header className={classes.header}>
        <h1 className={classes.title}>{title}</h1>
        {actions && <div className={classes.actions}>{actions}</div>}
      </header>
      {children}
    </main>
  );
}

/** What stands in for a page while its code or its data is on the way. */
export function PageLoading() {
  return (
    <div className={classes.loading} role="status">
      <Loader size="sm" />
      <span className="visually-hidden">{words.loading}</span>
    </div>
  );
}
