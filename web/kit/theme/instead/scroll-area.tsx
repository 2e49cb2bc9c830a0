/**
 * Stands in for Mantine's ScrollArea, which lists bring along: scroll bars of its own, 5 kB compressed,
 * where the browser's are as good.
 */
import type { ReactNode, Ref } from "react";

interface Props {
  /** The most height it takes. */
  mah?: string | number;
  viewportRef?: Ref<HTMLDivElement>;
  className?: string;
  children?: ReactNode;
}

function ScrollArea({ mah, viewportRef, className, children }: Props) {
  return (
    <div ref={viewportRef} className={className} style={{ maxHeight: mah, overflow: "auto" }}>
      {children}
    </div>
  );
}

ScrollArea.Autosize = ScrollArea;

export { ScrollArea, ScrollArea as ScrollAreaAutosize };
