import { t } from "../i18n";
import { Notice } from "../parts/controls";

/** How the application comes onto the home screen; nothing where it runs from there. */
export function InstallHint() {
  if (matchMedia("(display-mode: standalone)").matches) return null;
  return (
    <Notice tone="plain" title={t("install.title")}>
      <p>{t("install.why")}</p>
      <p>{/iP(hone|ad|od)/.test(navigator.userAgent) ? t("install.apple") : t("install.other")}</p>
    </Notice>
  );
}
