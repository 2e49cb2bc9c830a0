import { useState } from "react";
import { t } from "../i18n";
import { Button, Notice } from "../parts/controls";

interface SureProps {
  words: string;
  /** What it means, which is said before it is done. */
  means: string;
  busy: boolean;
  act: () => Promise<void>;
}

/** A button for what cannot be taken back: the second press does it. */
export function Sure({ words, means, busy, act }: SureProps) {
  const [asked, setAsked] = useState(false);
  if (!asked)
    return (
      <Button full disabled={busy} onClick={() => setAsked(true)}>
        {words}
      </Button>
    );
  return (
    <Notice tone="warn" urgent>
      <p>{means}</p>
      <Button
        main
        full
        disabled={busy}
        onClick={async () => {
          await act();
          setAsked(false);
        }}
      >
        {words}
      </Button>
      <Button full onClick={() => setAsked(false)}>
        {t("app.cancel")}
      </Button>
    </Notice>
  );
}
