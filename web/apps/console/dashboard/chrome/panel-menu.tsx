import { Menu } from "@mantine/core";
import EllipsisVertical from "lucide-react/icons/ellipsis-vertical";
import { lazy, Suspense, useEffect, useState } from "react";
import { useLocation } from "wouter";
import { useDashboard } from "../data/context";
import type { PanelData } from "../data/use-panel-data";
import type { Panel } from "../model/dashboard";
import { onPanelCommand } from "./commands";
import type { InspectorTab } from "./inspector";
import classes from "./panel-menu.module.css";

const Inspector = lazy(() => import("./inspector"));

interface Props {
  panel: Panel;
  title: string;
  data: PanelData;
}

/** What can be done with a panel: see it alone, explore its query, look at what is behind it. */
export function PanelMenu({ panel, title, data }: Props) {
  const { navigate, url } = useDashboard();
  const [used, setUsed] = useState(false);
  const [opened, setOpened] = useState(false);
  const [inspecting, setInspecting] = useState<InspectorTab | null>(null);
  const explore = useExplore(data);
  const alone = url.viewPanel !== null;
  const view = () => navigate({ viewPanel: alone ? null : panel.key });

  // After its button has the focus, which it gives back when it closes.
  useEffect(() => setOpened(used), [used]);

  useEffect(() =>
    onPanelCommand(panel.key, (command) => {
      if (command === "view") navigate({ viewPanel: url.viewPanel === null ? panel.key : null });
      if (command === "inspect") setInspecting("data");
      if (command === "explore") explore?.();
    }),
  );

  const button = (
    <button
      type="button"
      className={classes.button}
      aria-label={`Menu of ${title || panel.type}`}
      aria-haspopup="menu"
      aria-expanded={false}
      onClick={() => setUsed(true)}
      // The menu hears it only once it has the focus, which comes a moment after it is seen.
      onKeyDown={(event) => event.key === "Escape" && setOpened(false)}
      // biome-ignore lint/a11y/noAutofocus: it takes the place of the button that had the focus
      autoFocus={used}
    >
      <EllipsisVertical size={15} aria-hidden />
    </button>
  );

  // A page has many panels, and of most of them nobody ever opens the menu: until then there is its button alone.
  return (
    <>
      {used ? (
        <Menu position="bottom-end" width={170} opened={opened} onChange={setOpened}>
          <Menu.Target>{button}</Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={view} rightSection={<kbd>v</kbd>}>
              {alone ? "Back to all" : "View"}
            </Menu.Item>
            {explore && (
              <Menu.Item onClick={explore} rightSection={<kbd>e</kbd>}>
                Explore
              </Menu.Item>
            )}
            <Menu.Divider />
            <Menu.Label>Inspect</Menu.Label>
            <Menu.Item onClick={() => setInspecting("data")} rightSection={<kbd>i</kbd>}>
              Data, CSV
            </Menu.Item>
            <Menu.Item onClick={() => setInspecting("query")}>Query</Menu.Item>
            <Menu.Item onClick={() => setInspecting("json")}>JSON</Menu.Item>
          </Menu.Dropdown>
        </Menu>
      ) : (
        button
      )}
      {inspecting && (
        <Suspense>
          <Inspector
            panel={panel}
            title={title}
            data={data}
            tab={inspecting}
            onClose={() => setInspecting(null)}
          />
        </Suspense>
      )}
    </>
  );
}

/** The way to Explore with the panel's first query; null where it has none. */
function useExplore(data: PanelData): (() => void) | null {
  const { time, url } = useDashboard();
  const [, go] = useLocation();
  const [trace] = data.traces;
  if (!trace) return null;
  const search = new URLSearchParams({
    expr: trace.expr,
    from: url.from ?? time.raw.from,
    to: url.to ?? time.raw.to,
  });
  return () => go(`/explore?${search}`);
}
