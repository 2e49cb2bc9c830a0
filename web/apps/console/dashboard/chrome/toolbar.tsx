import { ActionIcon, Menu, Tooltip } from "@mantine/core";
import Keyboard from "lucide-react/icons/keyboard";
import Monitor from "lucide-react/icons/monitor";
import { Link } from "wouter";
import { useDashboard } from "../data/context";
import { AnnotationSwitches } from "./annotation-switches";
import { DashboardLinks } from "./dashboard-links";
import { RefreshPicker } from "./refresh-picker";
import { TimePicker } from "./time-picker";
import classes from "./toolbar.module.css";
import { VariableControls } from "./variable-controls";

/** Above the panels: where one is, what is chosen, which time is looked at. */
export function Toolbar({ onHelp }: { onHelp: () => void }) {
  const { dashboard, navigate, url } = useDashboard();
  const alone = url.viewPanel !== null;
  return (
    <header className={classes.toolbar}>
      <div className={classes.top}>
        <div className={classes.titles}>
          <nav className={classes.crumbs} aria-label="Breadcrumb">
            <Link href="/dashboards">Dashboards</Link>
            <span aria-hidden="true">/</span>
          </nav>
          <h1 className={classes.title} title={dashboard.description || undefined}>
            {dashboard.title}
          </h1>
          {alone && (
            <button type="button" className={classes.back} onClick={() => navigate({ viewPanel: null })}>
              Back to all panels
            </button>
          )}
        </div>
        <div className={classes.time}>
          {!dashboard.hideTimePicker && <TimePicker />}
          <RefreshPicker />
          <Menu position="bottom-end">
            <Menu.Target>
              <Tooltip label="Screen">
                <ActionIcon variant="default" size={32} aria-label="Screen">
                  <Monitor size={16} aria-hidden />
                </ActionIcon>
              </Tooltip>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item
                onClick={() => navigate({ kiosk: url.kiosk ? null : "true" })}
                rightSection={<kbd>d k</kbd>}
              >
                {url.kiosk ? "Leave kiosk mode" : "Kiosk mode"}
              </Menu.Item>
              <Menu.Item onClick={() => navigate({ autofitpanels: url.fit ? null : "true" })}>
                {url.fit ? "Panels in their own size" : "Fit panels to the screen"}
              </Menu.Item>
              <Menu.Divider />
              <Menu.Item
                onClick={onHelp}
                leftSection={<Keyboard size={15} aria-hidden />}
                rightSection={<kbd>?</kbd>}
              >
                Keyboard
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </div>
      </div>
      <div className={classes.controls}>
        <VariableControls />
        <AnnotationSwitches />
        <DashboardLinks />
      </div>
    </header>
  );
}
