import { createTheme, localStorageColorSchemeManager } from "@mantine/core";

/** Where the choice of light, dark or the system's is kept; public/early.js reads it too. */
export const colorSchemes = localStorageColorSchemeManager({ key: "magacin-theme" });

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
