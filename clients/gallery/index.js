/**
 * The gallery's own script: buttons that copy, a log of what the first widget tells, and a form that shows a choice at
 * once. The widgets are as on any other page.
 */

import "../widget/index.js";
import { addCopyButton } from "./copy.js";
import { logEvents } from "./log.js";

for (const snippet of document.querySelectorAll(".snippet")) addCopyButton(/** @type {HTMLElement} */ (snippet));

const form = document.querySelector("form");
form?.addEventListener("change", () => form.requestSubmit());

const [widget, log] = [document.querySelector("breaking-ticker"), document.getElementById("events")];
if (widget && log) logEvents(widget, log);
