/**
 * Sends what lies in the outbox while no page of the desk is open, where a browser has Background Sync: Chromium, over https.
 * It is one more sender beside the tabs, under the same lease, in the same order, with the same bytes and keys. What it does not
 * finish waits for the browser to ask again, and for the next page in any case.
 *
 * @import { World } from "./sender.js"
 */

import { release } from "./outbox.js";
import { isOver, sendOne } from "./sender.js";

/** By this the browser knows what it is asked for. */
export const TAG = "outbox";

/** How often a tab's lease is waited for; one that sends on and on does this work itself. */
const MAX_WAITS = 4;

/**
 * @param {Pick<World, "store" | "me" | "attempt" | "token" | "now"> & {
 *   person: () => Promise<string | null>,
 *   sleep: (delay: number) => Promise<unknown>,
 *   onchange: () => void,
 * }} world `person` is who the service says is signed in, null for nobody
 * @returns {Promise<boolean>} false if something is left that a later chance may send
 */
export async function sendInBackground({ person, sleep, onchange, ...world }) {
  const who = await person();
  if (who === null) return true; // signing in needs a page, which sends
  for (let waits = 0; waits < MAX_WAITS; ) {
    const sent = await sendOne(world, who, () => onchange());
    if (sent === null) return true;
    if (typeof sent === "number") {
      waits += 1;
      await sleep(sent);
      continue;
    }
    if (isOver(sent.outcome, sent.item)) continue;
    await world.store.update((outbox) => release(outbox, world.me));
    return sent.outcome.is === "signed-out";
  }
  return false;
}

/** Asks the browser to send what waits as soon as there is a network, whether or not this page is still open then. */
export async function askForSync() {
  const registration = /** @type {any} */ (await navigator.serviceWorker?.getRegistration().catch(() => undefined));
  await registration?.sync?.register(TAG).catch(() => {}); // without it, or the right to it, the next page sends
}
