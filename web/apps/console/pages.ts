/** The console's pages. Each stands here and nowhere else: its address, its code, and what leads to it. */

import { type AppPage, page, readyPage } from "kit/pages";
import type { LucideIcon } from "lucide-react";
import Bell from "lucide-react/icons/bell";
import Crosshair from "lucide-react/icons/crosshair";
import Gauge from "lucide-react/icons/gauge";
import Inbox from "lucide-react/icons/inbox";
import Search from "lucide-react/icons/search";
import { DASHBOARD } from "./addresses";
import type { Session } from "./api/session";
import DashboardPage from "./dashboard/dashboard-page";

/** A place in the navigation. It leads to the first of its pages. */
export interface Place {
  label: string;
  icon: LucideIcon;
  pages: [AppPage, ...AppPage[]];
  /** What an installation must have, for the place to be shown. */
  feature?: keyof Session["features"];
}

export const PLACES: Place[] = [
  {
    label: "Dashboards",
    icon: Gauge,
    pages: [
      page("/dashboards", () => import("./dashboard/dashboards-page")),
      // What people come for: its code is there from the start.
      readyPage(DASHBOARD, DashboardPage),
    ],
  },
  {
    label: "Alerts",
    icon: Bell,
    pages: [
      page("/alerts/:name?", () => import("./alerts/alerts-page")),
      page("/silences/new", () => import("./silences/silence-form")),
      page("/silences/:id/edit", () => import("./silences/silence-form")),
    ],
  },
  { label: "Targets", icon: Crosshair, pages: [page("/targets", () => import("./targets/targets-page"))] },
  { label: "Explore", icon: Search, pages: [page("/explore", () => import("./explore/explore-page"))] },
  {
    label: "Inbox",
    icon: Inbox,
    pages: [page("/inbox", () => import("./inbox/inbox-page"))],
    feature: "inbox",
  },
];

/** The only page for whoever is not logged in. */
export const LOGIN = page("/login", () => import("./login/login-page"));

export const PAGES = PLACES.flatMap(({ pages }) => pages);
