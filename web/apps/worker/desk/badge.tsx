/** A badge that was made a moment ago: to be printed now or never. */
import { useCallback } from "react";
import { t } from "../i18n";
import { Button, Failed, Notice } from "../parts/controls";
import parts from "../parts/parts.module.css";
import styles from "./badge.module.css";
import { useAsked } from "./use-asked";

interface Props {
  code: string;
  /** Whose it is. */
  name: string;
  onDone: () => void;
}

export function NewBadge({ code, name, onDone }: Props) {
  const draw = useCallback(async () => {
    const { picture } = await import("./symbols");
    return { qr: await picture(code, "QRCode"), bars: await picture(code, "Code128") };
  }, [code]);
  const { found, error } = useAsked(draw);
  return (
    <section aria-label={t("badge.title")} className={parts.stack}>
      <Notice tone="warn" title={t("badge.made", { name })} urgent>
        <p>{t("badge.made_means")}</p>
      </Notice>
      <div className={styles.card}>
        <strong>{name}</strong>
        {found && <img className={styles.qr} src={found.qr} alt={t("badge.qr")} />}
        {found && <img className={styles.bars} src={found.bars} alt={t("badge.bars")} />}
        <code>{code}</code>
      </div>
      <Failed error={error} />
      <Button main full onClick={() => print()}>
        {t("badge.print")}
      </Button>
      <Button full onClick={onDone}>
        {t("badge.done")}
      </Button>
    </section>
  );
}
