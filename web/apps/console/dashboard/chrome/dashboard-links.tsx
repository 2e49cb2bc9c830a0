import { Button, Menu } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import ChevronDown from "lucide-react/icons/chevron-down";
import { dashboardsQuery } from "../../api/dashboards";
import { useDashboard } from "../data/context";
import type { DashboardLink } from "../model/dashboard";
import { formatVariable } from "../model/interpolate";
import { safeUrl } from "../model/url-state";
import { SafeLink } from "../panels/data-link";
import classes from "./dashboard-links.module.css";

/** The way to other dashboards, and elsewhere. */
export function DashboardLinks() {
  const { dashboard } = useDashboard();
  if (dashboard.links.length === 0) return null;
  return (
    <nav className={classes.links} aria-label="Links of this dashboard">
      {dashboard.links.map((link) =>
        link.type === "dashboards" ? (
          <ByTag key={`tags ${link.tags} ${link.title}`} link={link} />
        ) : (
          <Plain key={`${link.url} ${link.title}`} link={link} />
        ),
      )}
    </nav>
  );
}

/** The range of time and the variables, as far as a link takes them along. */
function useCarried(): (link: DashboardLink) => string {
  const { time, url, variables } = useDashboard();
  return ({ keepTime, includeVars }) => {
    const parts: string[] = [];
    if (keepTime) {
      const { from, to } = { from: url.from ?? time.raw.from, to: url.to ?? time.raw.to };
      parts.push(`from=${encodeURIComponent(from)}`, `to=${encodeURIComponent(to)}`);
    }
    if (includeVars) {
      for (const { variable } of variables.states) {
        const value = variables.scope[variable.name];
        if (value && !variable.skipUrlSync) parts.push(formatVariable(variable.name, value, "queryparam"));
      }
    }
    return parts.filter(Boolean).join("&");
  };
}

function Plain({ link }: { link: DashboardLink }) {
  const { fillText, fillUrl } = useDashboard();
  const carried = useCarried()(link);
  const target = fillUrl(link.url);
  const href = safeUrl(carried ? `${target}${target.includes("?") ? "&" : "?"}${carried}` : target);
  if (!href) return null;
  return (
    <SafeLink href={href} newTab={link.targetBlank} title={link.tooltip} className={classes.link}>
      {fillText(link.title) || target}
    </SafeLink>
  );
}

function ByTag({ link }: { link: DashboardLink }) {
  const { dashboard } = useDashboard();
  const carried = useCarried()(link);
  const { data = [] } = useQuery(dashboardsQuery);
  const fitting = data.filter(
    (entry) =>
      entry.error === null &&
      entry.uid !== dashboard.uid &&
      link.tags.every((tag) => entry.tags.includes(tag)),
  );
  const items = fitting.map((entry) => ({
    ...entry,
    href: `/d/${entry.uid}${carried ? `?${carried}` : ""}`,
  }));
  if (items.length === 0) return null;
  if (!link.asDropdown) {
    return items.map(({ uid, href, title, description }) => (
      <SafeLink key={uid} href={href} newTab={link.targetBlank} title={description} className={classes.link}>
        {shortTitle(title, dashboard.title)}
      </SafeLink>
    ));
  }
  return (
    <Menu position="bottom-start">
      <Menu.Target>
        <Button size="xs" variant="default" rightSection={<ChevronDown size={14} aria-hidden />}>
          {link.title || link.tags.join(", ") || "Dashboards"}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {items.map(({ uid, href, title }) => (
          <Menu.Item key={uid} component={SafeMenuLink} href={href} newTab={link.targetBlank}>
            {title}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function SafeMenuLink(props: Parameters<typeof SafeLink>[0]) {
  return <SafeLink {...props} />;
}

/** Dashboards of one kin share the beginning of their titles: among themselves it says nothing. */
function shortTitle(title: string, own: string): string {
  const kin = /^(.+?[:/])\s+/.exec(own)?.[1];
  const rest = kin && title.startsWith(kin) ? title.slice(kin.length).trim() : title;
  return rest.charAt(0).toUpperCase() + rest.slice(1);
}
