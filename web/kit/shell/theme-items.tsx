import { type MantineColorScheme, Menu, useMantineColorScheme } from "@mantine/core";

const SCHEMES: MantineColorScheme[] = ["auto", "light", "dark"];
const ENGLISH = { auto: "As the system", light: "Light", dark: "Dark" };

/** The choice between light, dark and the system's, as items of a menu. */
export function ThemeItems({ labels = ENGLISH }: { labels?: Record<MantineColorScheme, string> }) {
  // Without its transitions switched off Mantine would have to write a <style> element.
  const { colorScheme, setColorScheme } = useMantineColorScheme({ keepTransitions: true });
  return (
    <Menu.RadioGroup value={colorScheme} onChange={(value) => setColorScheme(value as MantineColorScheme)}>
      {SCHEMES.map((scheme) => (
        <Menu.RadioItem key={scheme} value={scheme}>
          {labels[scheme]}
        </Menu.RadioItem>
      ))}
    </Menu.RadioGroup>
  );
}
