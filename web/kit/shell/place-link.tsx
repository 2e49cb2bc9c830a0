import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { type AppPage, isAt, preload } from "../pages";
import classes from "./shell.module.css";

interface Props {
  /** Where it leads to. */
  to: string;
  icon: LucideIcon;
  /** The pages of the place; their code is fetched when somebody is about to go there. */
  pages: AppPage[];
  children: ReactNode;
}

/** A place in the navigation. */
export function PlaceLink({ to, icon: Icon, pages, children }: Props) {
  const [path] = useLocation();
  const here = pages.some((page) => isAt(page, path));
  const prepare = () => void preload(pages, to);
  return (
    <li>
      <Link
        href={to}
        className={classes.place}
        aria-current={here ? "page" : undefined}
        onPointerEnter={prepare}
        onFocus={prepare}
      >
        <Icon size={20} strokeWidth={1.8} aria-hidden />
        <span>{children}</span>
      </Link>
    </li>
  );
}
