import { useNow } from "kit/common/use-now";
import { language, onLanguage } from "kit/i18n/language";
import { ErrorBoundary } from "kit/shell/error-boundary";
import { useEffect, useSyncExternalStore } from "react";
import { Board } from "./board/board";
import { shiftAt } from "./board/shift";
import { t } from "./i18n";
import { Pairing } from "./pairing/pairing";
import type { Screen } from "./screen/screen";
import classes from "./wall.module.css";

const LOOKED_AT_MS = 2_000;
const TRIES_AGAIN_MS = 30_000;

export function App({ screen }: { screen: Screen }) {
  const spoken = useSyncExternalStore(onLanguage, language);
  return (
    <ErrorBoundary fallback={(_, again) => <Broken again={again} />}>
      {/* Everything is said anew in another language. */}
      <Everything key={spoken} screen={screen} />
    </ErrorBoundary>
  );
}

function Everything({ screen }: { screen: Screen }) {
  const shown = useSyncExternalStore(screen.subscribe, screen.state);
  const now = useNow(LOOKED_AT_MS, screen.time);
  const { x, y } = shiftAt(now);
  useEffect(() => {
    document.title = `${shown.access?.name ?? t("board.name")} · Magacin Track`;
  }, [shown.access]);
  return (
    <div className={shown.isDim ? `${classes.screen} ${classes.dim}` : classes.screen}>
      <main
        className={classes.shifted}
        style={{ transform: `translate(calc(var(--u) * ${x}), calc(var(--u) * ${y}))` }}
      >
        {shown.access ? (
          <Board shown={shown} access={shown.access} now={now} />
        ) : (
          <Pairing shown={shown} address={location.host} />
        )}
      </main>
    </div>
  );
}

/** Nobody is there to press a button. */
function Broken({ again }: { again: () => void }) {
  useEffect(() => {
    const timer = setTimeout(again, TRIES_AGAIN_MS);
    return () => clearTimeout(timer);
  }, [again]);
  return <main className={classes.message}>{t("state.starting")}</main>;
}
