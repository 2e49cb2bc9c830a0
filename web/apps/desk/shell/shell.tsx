import { Menu, UnstyledButton } from "@mantine/core";
import { LANGUAGE_NAMES, LANGUAGES, type Language, language } from "kit/i18n/language";
import { PlaceLink } from "kit/shell/place-link";
import classes from "kit/shell/shell.module.css";
import { ThemeItems } from "kit/shell/theme-items";
import CircleUser from "lucide-react/icons/circle-user";
import LogOut from "lucide-react/icons/log-out";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { choose, t } from "../i18n";
import { PLACES } from "../pages";
import { session } from "../session/current";
import type { Person } from "../session/session";

interface Props {
  person: Person;
  children: ReactNode;
}

/** The frame of every page: the way from place to place, and the page itself. */
export function Shell({ person, children }: Props) {
  return (
    <div className={classes.shell}>
      <a className={classes.skip} href="#main">
        {t("app.skip")}
      </a>
      <nav className={classes.nav} aria-label={t("nav.label")}>
        <Link href="/" className={classes.brand} aria-label={`Magacin Track: ${t("nav.board")}`}>
          <img src={`${import.meta.env.BASE_URL}icon.svg`} alt="" width={30} height={30} />
        </Link>
        <ul className={classes.places}>
          {PLACES.filter(({ of }) => !of || of === person.role).map((place) => (
            <PlaceLink
              key={place.name}
              to={String(place.pages[0].path)}
              icon={place.icon}
              pages={place.pages}
            >
              {t(`nav.${place.name}`)}
            </PlaceLink>
          ))}
        </ul>
        <PersonMenu person={person} />
      </nav>
      <div className={classes.content}>{children}</div>
    </div>
  );
}

function PersonMenu({ person }: { person: Person }) {
  return (
    <Menu position="right-end" withinPortal width={210}>
      <Menu.Target>
        <UnstyledButton className={classes.place} aria-label={t("app.menu", { name: person.username })}>
          <CircleUser size={20} strokeWidth={1.8} aria-hidden />
          <span>{t("app.you")}</span>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{`${person.username} · ${t(`role.${person.role}`)}`}</Menu.Label>
        <ThemeItems labels={{ auto: t("scheme.auto"), light: t("scheme.light"), dark: t("scheme.dark") }} />
        <Menu.Divider />
        <Menu.RadioGroup value={language()} onChange={(chosen) => void choose(chosen as Language)}>
          {LANGUAGES.map((one) => (
            <Menu.RadioItem key={one} value={one}>
              {LANGUAGE_NAMES[one]}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
        <Menu.Divider />
        <Menu.Item leftSection={<LogOut size={15} aria-hidden />} onClick={() => void session.logOut()}>
          {t("app.log_out")}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
