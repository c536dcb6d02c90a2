/**
 * What is not needed every minute: the air, other feeds, the language, who is signed in, inviting somebody, signing out.
 *
 * @import { Api } from "./api.js"
 * @import { Session } from "./session.js"
 * @import { Words } from "./words.js"
 */

import { say } from "../reader/words.js";
import { dialog } from "./dialog.js";
import { button, make, write } from "./element.js";
import { answerWords } from "./problem-words.js";
import { isEditor } from "./session.js";
import { WORDS } from "./words.js";

/**
 * @typedef {{on: boolean, label?: string | null, url?: string | null}} Air
 *
 * @param {object} context
 * @param {Words} context.words
 * @param {string} context.base
 * @param {Session} context.session
 * @param {Api} context.api
 * @param {string | null} context.feed
 * @param {Air | null} context.air of the feed that is open
 * @param {(air: Air) => Promise<boolean>} context.setAir
 * @param {(language: string) => void} context.speak
 * @param {() => Promise<void>} context.signOut
 */
export function menu({ words, base, session, api, feed, air, setAir, speak, signOut }) {
  const languages = make("select", { name: "page-language" }, ...Object.values(WORDS).map(({ language, name }) =>
    make("option", { value: language, lang: language, selected: language === words.language }, name)));
  languages.addEventListener("change", () => {
    open.close();
    speak(languages.value);
  });
  const open = dialog(words.menu, words.close,
    make("p", { className: "hint" }, say(words.signed_in_as, { name: session.person.name, role: words[session.role] })),
    air && isEditor(session) ? airForm(words, air, async (wanted) => {
      if (await setAir(wanted)) open.close();
    }) : null,
    feed ? make("p", { className: "links" }, make("a", { href: `${base}/desk` }, words.feeds), make("a", { href: `${base}/feeds/${feed}` }, words.readers_page)) : null,
    make("label", { className: "field" }, make("span", {}, words.page_language), languages),
    isEditor(session) ? inviteForm(words, session, api) : null,
    sessionList(words, api),
    make("p", { className: "actions" }, button(words.sign_out, async () => {
      open.close();
      await signOut();
    }, { name: "sign-out" })));
}

/** @param {Words} words @param {Air} air @param {(air: Air) => Promise<void>} set */
function airForm(words, air, set) {
  const label = make("input", { name: "air-label", maxLength: 60, value: air.label ?? "", autocomplete: "off" });
  const url = make("input", { name: "air-url", type: "url", inputMode: "url", value: air.url ?? "", autocomplete: "off", dir: "ltr" });
  const form = make("form", { className: "air", noValidate: true },
    make("h3", {}, air.on ? words.is_on_air : words.is_off_air),
    make("details", {}, make("summary", {}, words.broadcast),
      make("label", { className: "field" }, make("span", {}, words.air_label), label),
      make("label", { className: "field" }, make("span", {}, words.air_url), url)),
    make("button", { type: "submit", name: "air", className: air.on ? "danger" : "primary" }, air.on ? words.go_off_air : words.go_on_air));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void set({ on: !air.on, ...(label.value.trim() && { label: label.value.trim() }), ...(url.value.trim() && { url: url.value.trim() }) });
  });
  return form;
}

/** A link for somebody's phone: it is shown once, works once, and ends soon. @param {Words} words @param {Session} session @param {Api} api */
function inviteForm(words, session, api) {
  const name = make("input", { name: "invite-name", maxLength: 100, autocomplete: "off", required: true });
  const role = make("select", { name: "invite-role" }, make("option", { value: "correspondent" }, words.correspondent), make("option", { value: "editor" }, words.editor));
  const error = make("p", { className: "error", role: "alert" });
  const result = make("div", { className: "invitation-link", hidden: true });
  const form = make("form", { noValidate: true },
    make("label", { className: "field" }, make("span", {}, words.invite_name), name),
    make("label", { className: "field" }, make("span", {}, words.role), role),
    make("button", { type: "submit", name: "invite" }, words.make_link), error, result);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    write(error, "");
    if (!name.value.trim()) return name.focus();
    const answer = await api("POST", "/v1/invitations", { name: name.value.trim(), role: role.value, ...(session.feeds?.length && { feeds: session.feeds }) });
    if (answer.status !== 201) return write(error, answerWords(words, answer));
    const link = make("input", { readOnly: true, value: answer.body.url, dir: "ltr", "aria-label": words.invitation_link });
    result.hidden = false;
    result.replaceChildren(qrCode(answer.body.qr, words.invitation_link), link, make("p", { className: "actions" },
      button(words.copy, () => {
        link.select();
        // Without a secure context there is no clipboard; the link is selected then.
        void navigator.clipboard?.writeText(link.value);
      }),
      ...("share" in navigator ? [button(words.share, () => void navigator.share({ url: link.value }).catch(() => {}))] : [])),
      make("p", { className: "hint" }, words.invitation_hint));
    link.select();
  });
  return make("details", {}, make("summary", {}, words.invite), form);
}

/** The link as a picture, for the camera of a phone. @param {string} svg an element as a page of HTML has it @param {string} alt */
function qrCode(svg, alt) {
  const alone = svg.replace(/^<svg/, '<svg xmlns="http://www.w3.org/2000/svg"');
  return make("img", { className: "qr", alt, src: `data:image/svg+xml,${encodeURIComponent(alone)}` });
}

/** Where this person is signed in. @param {Words} words @param {Api} api */
function sessionList(words, api) {
  const list = make("ul", { className: "sessions" });
  const details = make("details", {}, make("summary", {}, words.sessions), list);
  async function show() {
    const { status, body } = await api("GET", "/desk/sessions");
    if (status !== 200) return list.replaceChildren(make("li", {}, words.no_answer));
    list.replaceChildren(...body.sessions.map((/** @type {any} */ { id, current, agent, begun }) =>
      make("li", {}, make("span", { dir: "auto" }, agent || "?"), " · ", new Intl.DateTimeFormat(`${words.language}-u-nu-latn`, { dateStyle: "medium", timeStyle: "short" }).format(new Date(begun)),
        current ? ` · ${words.this_one}` : button(words.end_session, async () => {
          await api("DELETE", `/desk/sessions/${id}`);
          await show();
        }))));
  }
  details.addEventListener("toggle", () => details.open && void show());
  return details;
}
