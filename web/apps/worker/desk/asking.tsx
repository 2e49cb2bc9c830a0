import { t } from "../i18n";
import { Button, Failed } from "../parts/controls";
import parts from "../parts/parts.module.css";

interface Props {
  /** Something is shown already. */
  shown: boolean;
  busy: boolean;
  error: string | null;
  again: () => Promise<void>;
}

/** What is said while the gateway is asked, what came in the way, and the button to ask again. */
export function Asking({ shown, busy, error, again }: Props) {
  return (
    <>
      {busy && !shown && (
        <p className={parts.empty} role="status">
          {t("desk.asking")}
        </p>
      )}
      <Failed error={error} />
      {(shown || error) && (
        <Button full disabled={busy} onClick={again}>
          {t("desk.again")}
        </Button>
      )}
    </>
  );
}
