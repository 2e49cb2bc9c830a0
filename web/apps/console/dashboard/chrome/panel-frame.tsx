import { Loader } from "@mantine/core";
import { Hint } from "kit/common/hint";
import { useSize } from "kit/common/use-size";
import { ErrorBoundary } from "kit/shell/error-boundary";
import CircleAlert from "lucide-react/icons/circle-alert";
import ExternalLink from "lucide-react/icons/external-link";
import Info from "lucide-react/icons/info";
import TriangleAlert from "lucide-react/icons/triangle-alert";
import { Suspense, useRef } from "react";
import { useDashboard } from "../data/context";
import { useOnScreen } from "../data/use-on-screen";
import { type PanelData, usePanelData } from "../data/use-panel-data";
import type { Panel } from "../model/dashboard";
import { safeUrl } from "../model/url-state";
import { SafeLink } from "../panels/data-link";
import { Placeholder } from "../panels/placeholder";
import { PANELS, WITHOUT_DATA } from "../panels/registry";
import { ShortText } from "../panels/text/markup";
import classes from "./panel-frame.module.css";
import { PanelMenu } from "./panel-menu";

/** A panel with its title, its menu, and what there is to say about its data. */
export function PanelFrame({ panel }: { panel: Panel }) {
  const { fillText } = useDashboard();
  const frame = useRef<HTMLElement>(null);
  const body = useRef<HTMLDivElement>(null);
  const { width, height } = useSize(body);
  const seen = useOnScreen(frame);
  const data = usePanelData(panel, width, seen && panel.type in PANELS);
  const title = fillText(panel.title, panel);
  return (
    <section
      ref={frame}
      className={classes.panel}
      aria-label={title || panel.type}
      data-panel={panel.key}
      data-state={stateOf(panel, data)}
      data-transparent={panel.transparent || undefined}
      data-untitled={title === "" || undefined}
    >
      <header className={classes.header}>
        <h2 className={classes.title} title={title}>
          {title}
        </h2>
        <Description panel={panel} />
        <Links panel={panel} />
        <Status data={data} />
        <PanelMenu panel={panel} title={title} data={data} />
      </header>
      <div ref={body} className={classes.body}>
        {seen && width > 0 && (
          <ErrorBoundary fallback={(error, again) => <Broken error={error} again={again} />}>
            <Suspense fallback={<div className={classes.message} />}>
              <Content panel={panel} data={data} width={width} height={height} />
            </Suspense>
          </ErrorBoundary>
        )}
      </div>
    </section>
  );
}

type State = "unsupported" | "loading" | "error" | "empty" | "data";

/** In a word what a panel shows. */
function stateOf(panel: Panel, data: PanelData): State {
  if (panel.libraryPanel || !(panel.type in PANELS)) return "unsupported";
  if (WITHOUT_DATA.has(panel.type)) return "data";
  if (isUnsupported(data)) return "unsupported";
  if (data.errors.length > 0 && data.frames.length === 0) return "error";
  if (!data.loaded) return panel.targets.some((target) => !target.hide) ? "loading" : "empty";
  const filled = data.frames.some(
    (frame) =>
      (panel.type === "heatmap" && frame.native) ||
      frame.fields.some((field) => field.type !== "time" && field.values.some((value) => value !== null)),
  );
  return filled ? "data" : "empty";
}

function isUnsupported({ problems, frames, traces }: PanelData): boolean {
  return problems.some(({ kind }) => kind === "unsupported") && frames.length === 0 && traces.length === 0;
}

interface ContentProps {
  panel: Panel;
  data: PanelData;
  width: number;
  height: number;
}

function Content({ panel, data, width, height }: ContentProps) {
  if (panel.libraryPanel) {
    return (
      <Placeholder what={`Library panel “${panel.libraryPanel}”`}>
        It is kept in Grafana, not in this file.
      </Placeholder>
    );
  }
  const Type = PANELS[panel.type];
  if (!Type) {
    return (
      <Placeholder what={`The console has no “${panel.type}” panels.`}>
        Grafana shows it from the same file.
      </Placeholder>
    );
  }
  if (WITHOUT_DATA.has(panel.type)) return <Type panel={panel} data={data} width={width} height={height} />;
  if (isUnsupported(data)) {
    return (
      <Placeholder what="Not supported">{data.problems.map(({ message }) => message).join(" ")}</Placeholder>
    );
  }
  if (data.errors.length > 0 && data.frames.length === 0) return <Failed data={data} />;
  if (!data.loaded && panel.targets.some((target) => !target.hide)) return <Waiting data={data} />;
  return <Type panel={panel} data={data} width={width} height={height} />;
}

function Waiting({ data }: { data: PanelData }) {
  const waiting = data.problems.find((problem) => problem.kind === "waiting");
  return (
    <div className={classes.message}>
      {waiting && !data.loading ? waiting.message : <Loader size="xs" aria-label="Loading" />}
    </div>
  );
}

function Failed({ data }: { data: PanelData }) {
  return (
    <div className={classes.failed} role="alert">
      <CircleAlert size={18} aria-hidden />
      {data.errors.map((error) => (
        <span key={error}>{error}</span>
      ))}
    </div>
  );
}

function Broken({ error, again }: { error: Error; again: () => void }) {
  return (
    <div className={classes.failed} role="alert">
      <strong>This panel cannot be drawn.</strong>
      <span>{error.message}</span>
      <button type="button" onClick={again}>
        Try again
      </button>
    </div>
  );
}

function Description({ panel }: { panel: Panel }) {
  const { fillText } = useDashboard();
  if (!panel.description) return null;
  const description = fillText(panel.description, panel);
  return (
    <Hint
      hint={<ShortText source={description} />}
      className={classes.icon}
      aria-label={`About this panel: ${description}`}
    >
      <Info size={14} aria-hidden />
    </Hint>
  );
}

function Links({ panel }: { panel: Panel }) {
  const { fillText, fillUrl } = useDashboard();
  return panel.links.map((link) => {
    const href = safeUrl(fillUrl(link.url, panel));
    if (!href) return null;
    const title = fillText(link.title, panel);
    return (
      <SafeLink key={link.url} href={href} newTab={link.targetBlank} title={title} className={classes.icon}>
        <ExternalLink size={14} aria-hidden />
        <span className="visually-hidden">{title}</span>
      </SafeLink>
    );
  });
}

function Status({ data }: { data: PanelData }) {
  const unsupported = data.problems
    .filter((problem) => problem.kind === "unsupported")
    .map((problem) => problem.message);
  const notices = data.loaded ? [...data.notices, ...unsupported] : data.notices;
  return (
    <>
      {data.errors.length > 0 && data.frames.length > 0 && (
        <StatusIcon label={data.errors.join("\n")} tone="bad" />
      )}
      {notices.length > 0 && <StatusIcon label={notices.join("\n")} tone="warn" text={notices[0]} />}
      {data.loading && data.loaded && (
        <Loader size={12} className={classes.loader} aria-label="Loading new data" />
      )}
    </>
  );
}

function StatusIcon({
  label,
  tone,
  text,
}: {
  label: string;
  tone: "bad" | "warn";
  text?: string | undefined;
}) {
  return (
    <Hint hint={label} className={`${classes.icon} ${classes.status}`} data-tone={tone} aria-label={label}>
      <TriangleAlert size={14} aria-hidden />
      {text && <span className={classes.statusText}>{text}</span>}
    </Hint>
  );
}
