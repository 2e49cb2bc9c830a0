import { Menu, UnstyledButton } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { LucideIcon } from "lucide-react";
import Bell from "lucide-react/icons/bell";
import Crosshair from "lucide-react/icons/crosshair";
import Gauge from "lucide-react/icons/gauge";
import Inbox from "lucide-react/icons/inbox";
import LogOut from "lucide-react/icons/log-out";
import Search from "lucide-react/icons/search";
import SunMoon from "lucide-react/icons/sun-moon";
import type { ReactNode } from "react";
import { Link, useLocation, useSearchParams } from "wouter";
import { homeDashboard } from "../api/early";
import { logOut, SESSION_KEY, sessionQuery } from "../api/session";
import { preload } from "../pages";
import classes from "./shell.module.css";
import { ThemeItems } from "./theme-items";

interface Place {
  to: string;
  label: string;
  icon: LucideIcon;
  /** Whether an address belongs to this place. */
  owns: RegExp;
}

const PLACES: Place[] = [
  { to: "/dashboards", label: "Dashboards", icon: Gauge, owns: /^\/(d\/|dashboards)/ },
  { to: "/alerts", label: "Alerts", icon: Bell, owns: /^\/(alerts|silences)/ },
  { to: "/targets", label: "Targets", icon: Crosshair, owns: /^\/targets/ },
  { to: "/explore", label: "Explore", icon: Search, owns: /^\/explore/ },
];
const INBOX: Place = { to: "/inbox", label: "Inbox", icon: Inbox, owns: /^\/inbox/ };

/** The frame of every page: the way from place to place, and the page itself. */
export function Shell({ children }: { children: ReactNode }) {
  const [search] = useSearchParams();
  if (search.has("kiosk") && search.get("kiosk") !== "false") {
    return <div className={classes.kiosk}>{children}</div>;
  }
  return (
    <div className={classes.shell}>
      <a className={classes.skip} href="#main">
        Skip to the content
      </a>
      <Navigation />
      <div className={classes.content}>{children}</div>
    </div>
  );
}

function Navigation() {
  const session = useQuery(sessionQuery);
  const places = session.data?.features.inbox ? [...PLACES, INBOX] : PLACES;
  return (
    <nav className={classes.nav} aria-label="Main">
      <Link href={`/d/${homeDashboard()}`} className={classes.brand} aria-label="Magacin Track: overview">
        <img src="/icon.svg" alt="" width={30} height={30} />
      </Link>
      <ul className={classes.places}>
        {places.map((place) => (
          <PlaceLink key={place.to} place={place} />
        ))}
      </ul>
      <SessionMenu version={session.data?.version ?? ""} />
    </nav>
  );
}

function PlaceLink({ place }: { place: Place }) {
  const [path] = useLocation();
  const here = place.owns.test(path);
  return (
    <li>
      <Link
        href={place.to}
        className={classes.place}
        aria-current={here ? "page" : undefined}
        onPointerEnter={() => void preload(place.to)}
        onFocus={() => void preload(place.to)}
      >
        <place.icon size={20} strokeWidth={1.8} aria-hidden />
        <span>{place.label}</span>
      </Link>
    </li>
  );
}

function SessionMenu({ version }: { version: string }) {
  const client = useQueryClient();
  const leave = async () => {
    await logOut();
    await client.invalidateQueries({ queryKey: SESSION_KEY });
  };
  return (
    <Menu position="right-end" withinPortal width={190}>
      <Menu.Target>
        <UnstyledButton className={classes.place} aria-label="Theme and session">
          <SunMoon size={20} strokeWidth={1.8} aria-hidden />
          <span>Theme</span>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <ThemeItems />
        <Menu.Divider />
        <Menu.Item leftSection={<LogOut size={15} aria-hidden />} onClick={() => void leave()}>
          Log out
        </Menu.Item>
        {version && <Menu.Label>Version {version}</Menu.Label>}
      </Menu.Dropdown>
    </Menu>
  );
}
