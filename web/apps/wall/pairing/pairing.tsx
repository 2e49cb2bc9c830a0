/** What a screen shows that nobody has brought in yet: the code, and where to enter it. */
import { t } from "../i18n";
import type { Shown } from "../screen/screen";
import classes from "./pairing.module.css";

interface Props {
  shown: Shown;
  /** Of the server, as this screen reaches it. */
  address: string;
}

export function Pairing({ shown: { code, isEnded, staleSince }, address }: Props) {
  return (
    <div className={classes.pairing}>
      {isEnded && <p className={classes.ended}>{t("pairing.ended")}</p>}
      {staleSince !== null && (
        <p className={classes.ended} role="alert">
          {t("state.away")}
        </p>
      )}
      <h1 className={classes.words}>{code ? t("pairing.title") : t("state.starting")}</h1>
      {code && (
        <>
          <p className={classes.code} role="img" aria-label={`${t("pairing.code")} ${code}`}>
            {code.slice(0, 4)} {code.slice(4)}
          </p>
          <p className={classes.words}>
            <b className={classes.address}>{`${address}/desk/`}</b> · {t("pairing.where")}
          </p>
        </>
      )}
    </div>
  );
}
