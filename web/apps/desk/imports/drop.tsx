import { Button, FileButton } from "@mantine/core";
import FileUp from "lucide-react/icons/file-up";
import { type DragEvent, useState } from "react";
import { t } from "../i18n";
import classes from "./imports.module.css";

interface Props {
  label: string;
  onFile: (file: File) => void;
}

/** Takes a file, dropped or chosen. */
export function Drop({ label, onFile }: Props) {
  const [isOver, setIsOver] = useState(false);
  const over = (is: boolean) => (event: DragEvent) => {
    // Else the browser would show the file in the place of the page.
    event.preventDefault();
    setIsOver(is);
  };
  const drop = (event: DragEvent) => {
    over(false)(event);
    const [file] = event.dataTransfer.files;
    if (file) onFile(file);
  };
  return (
    <section
      className={classes.drop}
      data-over={isOver || undefined}
      aria-label={label}
      onDragOver={over(true)}
      onDragLeave={over(false)}
      onDrop={drop}
    >
      <FileUp size={28} aria-hidden />
      <span>{label}</span>
      <FileButton
        onChange={(file) => file && onFile(file)}
        inputProps={{ "aria-label": t("imports.choose") }}
      >
        {(props) => <Button {...props}>{t("imports.choose")}</Button>}
      </FileButton>
    </section>
  );
}
