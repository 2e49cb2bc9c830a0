import { Button } from "@mantine/core";
import { t } from "../i18n";

interface Props {
  has: boolean;
  busy: boolean;
  onMore: () => void;
}

/** Asks for the next page of a list, where there is one. */
export function More({ has, busy, onMore }: Props) {
  if (!has) return null;
  return (
    <Button variant="default" loading={busy} onClick={onMore} mt="md">
      {t("app.more")}
    </Button>
  );
}
