/** Where the application is served, without the slash behind it. */
export const BASE = import.meta.env.BASE_URL.replace(/\/$/, "");
