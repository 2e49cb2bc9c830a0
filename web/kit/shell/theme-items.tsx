import { type MantineColorScheme, Menu, useMantineColorScheme } from "@mantine/core";

const SCHEMES: [MantineColorScheme, string][] = [
  ["auto", "As the system"],
  ["light", "Light"],
  ["dark", "Dark"],
];

/** The choice between light, dark and the system's, as items of a menu. */
export function ThemeItems() {
  // Without its transitions switched off Mantine would have to write a <style> element.
  const { colorScheme, setColorScheme } = useMantineColorScheme({ keepTransitions: true });
  return (
    <Menu.RadioGroup value={colorScheme} onChange={(value) => setColorScheme(value as MantineColorScheme)}>
      {SCHEMES.map(([value, label]) => (
        <Menu.RadioItem key={value} value={value}>
          {label}
        </Menu.RadioItem>
      ))}
    </Menu.RadioGroup>
  );
}
