/** Small pictures, drawn with the text's colour. */
import { html } from "../lib.js";

const PATHS = {
  search: "M11 4a7 7 0 1 1 0 14 7 7 0 0 1 0-14Zm5 12 4 4",
  sun: "M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8ZM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.5 1.5M17.5 17.5 19 19M19 5l-1.5 1.5M6.5 17.5 5 19",
  moon: "M20 14.5A8.5 8.5 0 1 1 9.5 4a7 7 0 0 0 10.5 10.5Z",
  pause: "M8 5v14M16 5v14",
  play: "M7 5l12 7-12 7V5Z",
  info: "M12 11v6M12 7.5v.1M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18Z",
  close: "M6 6l12 12M18 6 6 18",
  down: "M6 9l6 6 6-6",
  calendar: "M4 6h16v14H4V6ZM4 10h16M8 3v4M16 3v4",
  pulse: "M2 13h4l3-8 5 15 3-9 1.5 2H22",
};

export const Icon = ({ name }) => html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
  <path d=${PATHS[name]} />
</svg>`;
