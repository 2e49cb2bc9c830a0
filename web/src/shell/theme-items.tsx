import { Menu, useMantineColorScheme } from "@mantine/core";
import Check from "lucide-react/icons/check";

const SCHEMES = [
  { value: "auto", label: "As the system" },
  { value: "light", label: "Light" },
  { value: "dark", label: "Dark" },
] as const;

/** The choice between light, dark and the system's, as items of a menu. */
export function ThemeItems() {
  // Without its transitions switched off Mantine would have to write a <style> element.
  const { colorScheme, setColorScheme } = useMantineColorScheme({ keepTransitions: true });
  return SCHEMES.map(({ value, label }) => (
    <Menu.Item
      key={value}
      role="menuitemradio"
      aria-checked={colorScheme === value}
      onClick={() => setColorScheme(value)}
      rightSection={colorScheme === value ? <Check size={15} aria-hidden /> : null}
    >
      {label}
    </Menu.Item>
  ));
}
