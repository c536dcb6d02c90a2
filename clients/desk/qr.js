/** A QR code (ISO/IEC 18004) as a picture, so that a phone's camera can take an invitation from a screen. */

import { encode } from "uqr";

const SVG = "http://www.w3.org/2000/svg";

/** Modules around the code, as many as the standard asks for. */
const QUIET = 4;

/**
 * @param {string} text
 * @returns {string} the path of its dark modules, one unit each, and the width of the whole, separated by a space
 */
export function qrPath(text) {
  const { data, size } = encode(text, { ecc: "M", border: QUIET });
  const dark = data.flatMap((row, y) => row.flatMap((on, x) => (on ? [`M${x} ${y}h1v1h-1z`] : [])));
  return `${size} ${dark.join("")}`;
}

/** @param {string} text @param {string} name what it is, for those who do not see it */
export function qrCode(text, name) {
  const [size = "", ...dark] = qrPath(text).split(" ");
  const picture = document.createElementNS(SVG, "svg");
  for (const [attribute, value] of Object.entries({ viewBox: `0 0 ${size} ${size}`, role: "img", "aria-label": name, class: "qr" })) picture.setAttribute(attribute, value);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", dark.join(" "));
  picture.append(path);
  return picture;
}
