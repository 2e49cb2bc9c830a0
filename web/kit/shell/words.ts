/** What the kit itself says; an application that speaks other languages puts its own words here. */
export const words = {
  loading: "Loading",
  broke: "This part of the page broke",
  again: "Try again",
  anew: "Load the page anew",
};
