import { Menu, UnstyledButton } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { PlaceLink } from "kit/shell/place-link";
import classes from "kit/shell/shell.module.css";
import { ThemeItems } from "kit/shell/theme-items";
import LogOut from "lucide-react/icons/log-out";
import SunMoon from "lucide-react/icons/sun-moon";
import type { ReactNode } from "react";
import { Link, useSearchParams } from "wouter";
import { HOME } from "../addresses";
import { logOut, SESSION_KEY, sessionQuery } from "../api/session";
import { PLACES, type Place } from "../pages";

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
  const features = session.data?.features;
  const places = PLACES.filter(({ feature }) => !feature || features?.[feature]);
  return (
    <nav className={classes.nav} aria-label="Main">
      <Link href={`/d/${HOME}`} className={classes.brand} aria-label="Magacin Track: overview">
        <img src="/icon.svg" alt="" width={30} height={30} />
      </Link>
      <ul className={classes.places}>
        {places.map((place) => (
          <PlaceLink key={place.label} to={home(place)} icon={place.icon} pages={place.pages}>
            {place.label}
          </PlaceLink>
        ))}
      </ul>
      <SessionMenu version={session.data?.version ?? ""} />
    </nav>
  );
}

/** Where a place is: at the address of its first page, without what that takes from the address. */
const home = ({ pages: [{ path }] }: Place) => String(path).split("/:")[0] as string;

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
