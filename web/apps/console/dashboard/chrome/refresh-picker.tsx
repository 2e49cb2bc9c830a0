import { ActionIcon, Button, Menu, Tooltip } from "@mantine/core";
import { useIsFetching } from "@tanstack/react-query";
import ChevronDown from "lucide-react/icons/chevron-down";
import RotateCw from "lucide-react/icons/rotate-cw";
import { useDashboard } from "../data/context";
import classes from "./refresh-picker.module.css";

/** Ask anew, now or every so often. */
export function RefreshPicker() {
  const { dashboard, navigate, time } = useDashboard();
  const busy = useIsFetching({ queryKey: ["query"] }) > 0;
  const choose = (every: string) => navigate({ refresh: every === dashboard.refresh ? null : every });
  const current = time.refreshEvery || "Off";
  return (
    <Button.Group>
      <Tooltip label="Refresh">
        <ActionIcon
          variant="default"
          size={32}
          aria-label="Refresh"
          onClick={time.refresh}
          className={classes.now}
        >
          <RotateCw size={15} aria-hidden className={busy ? classes.busy : undefined} />
        </ActionIcon>
      </Tooltip>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button
            variant="default"
            size="xs"
            h={32}
            px={10}
            aria-label={`Refresh by itself: ${current}`}
            rightSection={<ChevronDown size={14} aria-hidden />}
          >
            {current}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.RadioGroup value={time.refreshEvery} onChange={choose}>
            {["", ...dashboard.refreshIntervals].map((every) => (
              <Menu.RadioItem key={every} value={every} closeMenuOnClick>
                {every || "Off"}
              </Menu.RadioItem>
            ))}
          </Menu.RadioGroup>
        </Menu.Dropdown>
      </Menu>
    </Button.Group>
  );
}
