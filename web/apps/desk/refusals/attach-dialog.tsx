import { Button, Modal, NumberInput, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { t } from "../i18n";
import { useAction } from "../parts/action";
import { Trouble } from "../parts/trouble";
import { ask } from "../session/current";
import classes from "./refusals.module.css";

interface Props {
  code: string;
  onDone: (sku: string) => void;
  onClose: () => void;
}

/** Makes a code that was scanned mean an article from now on. */
export function AttachDialog({ code, onDone, onClose }: Props) {
  const { busy, error, run } = useAction();
  const [sku, setSku] = useState("");
  // Without what cannot be seen, which no label means.
  const [written, setWritten] = useState(code.replace(/\p{Cc}/gu, "").trim());
  const [pieces, setPieces] = useState<number | string>(1);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => {
      const path = `/api/articles/${encodeURIComponent(sku.trim())}/barcodes`;
      const more = Number(pieces) > 1 ? { pieces: Number(pieces) } : {};
      await ask(path, { method: "POST", json: { code: written, ...more } });
      onDone(sku.trim());
      onClose();
    });
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={t("attach.title")}
      closeButtonProps={{ "aria-label": t("app.close") }}
      transitionProps={{ duration: 0 }}
    >
      <form onSubmit={submit}>
        <Trouble error={error} />
        <TextInput
          label={t("attach.sku")}
          value={sku}
          onChange={(event) => setSku(event.currentTarget.value)}
          maxLength={64}
          mb="xs"
          data-autofocus
        />
        <TextInput
          label={t("column.code")}
          description={t("attach.code_means")}
          value={written}
          onChange={(event) => setWritten(event.currentTarget.value)}
          maxLength={48}
          mb="xs"
        />
        <NumberInput
          label={t("attach.pieces")}
          description={t("attach.pieces_means")}
          value={pieces}
          onChange={setPieces}
          min={1}
          max={1_000_000}
          allowDecimal={false}
          hideControls
        />
        <div className={classes.buttons}>
          <Button
            type="submit"
            loading={busy}
            disabled={sku.trim() === "" || written.trim() === "" || pieces === ""}
          >
            {t("attach.attach")}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
