import { Button, Modal, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { t } from "../i18n";
import { useAction } from "./action";
import { Trouble } from "./trouble";

interface Props {
  title: string;
  /** What it comes to. */
  means: string;
  /** What is said on the button. */
  action: string;
  /** What has to be typed first, where a click alone is too little: a name. */
  typed?: string;
  onConfirm: () => Promise<void>;
  onClose: () => void;
}

/** Asks once more before something that cannot be taken back; stays open where it does not work. */
export function Confirm({ title, means, action, typed, onConfirm, onClose }: Props) {
  const { busy, error, run } = useAction();
  const [text, setText] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => {
      await onConfirm();
      onClose();
    });
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={title}
      closeButtonProps={{ "aria-label": t("app.close") }}
      transitionProps={{ duration: 0 }}
    >
      <Trouble error={error} />
      <p>{means}</p>
      <form onSubmit={submit}>
        {typed !== undefined && (
          <TextInput
            label={t("people.type_name", { name: typed })}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            autoCapitalize="none"
            autoComplete="off"
            mb="md"
            data-autofocus
          />
        )}
        <Button
          type="submit"
          color="red"
          loading={busy}
          disabled={typed !== undefined && text.trim() !== typed}
          data-autofocus={typed === undefined || undefined}
        >
          {action}
        </Button>
      </form>
    </Modal>
  );
}
