import { createTheme, localStorageColorSchemeManager } from "@mantine/core";
import { THEME_KEY } from "../early";

export const colorSchemes = localStorageColorSchemeManager({ key: THEME_KEY });

/**
 * Colours, sizes and fonts are in tokens.css: what is given here would be written into a `<style>` element,
 * which the Content-Security-Policy refuses.
 */
export const theme = createTheme({
  cursorType: "pointer",
  respectReducedMotion: true,
  components: {
    Modal: { defaultProps: { centered: true, lockScroll: false } },
    Drawer: { defaultProps: { lockScroll: false } },
  },
});
