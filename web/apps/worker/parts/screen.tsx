/** The frame of a screen: its title, the way back, what is said about the network, and what is done at its foot. */
import { ArrowLeft } from "lucide-react";
import { memo, type ReactNode, useEffect, useRef } from "react";
import { useLocation } from "wouter";
import { t } from "../i18n";
import { announce } from "./announcer";
import { Connection } from "./connection";
import { goBack, MOVES } from "./go";
import styles from "./parts.module.css";

interface Props {
  title: string;
  /** Where back leads for somebody who came by the address; without it there is no way back. */
  back?: string;
  children: ReactNode;
  foot?: ReactNode;
  wide?: boolean;
}

export function Screen({ title, back, children, foot, wide }: Props) {
  return (
    <div className={styles.screen}>
      <div className={styles.scroll}>
        <Head title={title} back={back} />
        <main className={wide ? `${styles.body} ${styles.wide}` : styles.body}>{children}</main>
      </div>
      {foot && <footer className={styles.foot}>{foot}</footer>}
    </div>
  );
}

const Head = memo(function Head({ title, back }: { title: string; back: string | undefined }) {
  const [, navigate] = useLocation();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = t("app.of", { title });
  }, [title]);
  useEffect(() => {
    // On the first screen the browser says it.
    if (!MOVES.begun) return;
    // Whoever goes by the keyboard goes on from here. For all others the scanner's own field has the focus, without
    // which a scanner that sends text instead of keys is not heard: they are told.
    if (MOVES.byKeyboard) heading.current?.focus({ preventScroll: true });
    else announce(title);
  }, [title]);
  return (
    <header className={styles.head}>
      {back !== undefined && (
        <button
          type="button"
          className={styles.icon}
          aria-label={t("app.back")}
          onClick={() => goBack(back, navigate)}
        >
          <ArrowLeft aria-hidden size={28} />
        </button>
      )}
      <h1 ref={heading} tabIndex={-1}>
        {title}
      </h1>
      <Connection />
    </header>
  );
});
