/**
 * The script of pages that other sites show in a frame: the feed, which is the widget, and the card of one dispatch.
 */

import "../widget/index.js";
import { followCard } from "./card.js";
import { postHeight } from "./height.js";

const card = document.getElementById("card");
if (card) followCard(card);
postHeight(window, card ?? document.querySelector("breaking-ticker"));
