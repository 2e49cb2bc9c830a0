import { useSize } from "kit/common/use-size";
import { PageLoading } from "kit/shell/page";
import { type ReactNode, Suspense, useMemo, useRef } from "react";
import classes from "./ad-hoc.module.css";
import { DashboardProvider, useDashboard } from "./data/context";
import { usePanelData } from "./data/use-panel-data";
import { readDashboard } from "./model/dashboard";
import { PANELS } from "./panels/registry";

interface AdHocProps {
  /** What a dashboard's file would hold. Keep it the same object while it says the same. */
  definition: { title: string; panels: unknown[] } & Record<string, unknown>;
  children: ReactNode;
}

/** A dashboard that no file holds: panels on a page of another kind, with the address' range of time. */
export function AdHoc({ definition, children }: AdHocProps) {
  const dashboard = useMemo(() => readDashboard(definition), [definition]);
  return <DashboardProvider dashboard={dashboard}>{children}</DashboardProvider>;
}

/** One of its panels, without the frame of a dashboard's. */
export function AdHocPanel({ index, height }: { index: number; height: number }) {
  const { dashboard } = useDashboard();
  const place = useRef<HTMLDivElement>(null);
  const { width } = useSize(place);
  const panel = dashboard.panels[index];
  return (
    <div ref={place} className={classes.panel} style={{ height }}>
      {panel && width > 0 && <Body panel={panel} width={width} height={height} />}
    </div>
  );
}

type Panel = ReturnType<typeof readDashboard>["panels"][number];

function Body({ panel, width, height }: { panel: Panel; width: number; height: number }) {
  const data = usePanelData(panel, width, true);
  const Type = PANELS[panel.type];
  if (!Type) return null;
  const notes = [...data.errors, ...data.notices];
  return (
    <>
      {notes.map((note) => (
        <p
          key={note}
          className={classes.note}
          data-error={data.errors.includes(note) || undefined}
          role="alert"
        >
          {note}
        </p>
      ))}
      {data.loaded || data.frames.length > 0 ? (
        data.errors.length > 0 && data.frames.length === 0 ? null : (
          <Suspense>
            <Type panel={panel} data={data} width={width} height={height} />
          </Suspense>
        )
      ) : (
        <PageLoading />
      )}
    </>
  );
}
