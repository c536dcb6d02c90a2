/**
 * Who is signed in. The cookie is out of reach of scripts, so the service is asked; without a network it is the one who
 * was signed in last, so that a desk on a train takes dispatches, and sends none until the service has answered.
 *
 * @import { Answer, Api } from "./api.js"
 * @import { Notes } from "./notes.js"
 *
 * @typedef {object} Session
 * @property {string} id
 * @property {{id: string, name: string}} person
 * @property {"correspondent" | "editor" | "admin"} role
 * @property {string[] | null} feeds null for all
 *
 * @typedef {object} Sessions
 * @property {Session | null} current
 * @property {string | null} last id of the person who is signed in here, or was last
 * @property {boolean} confirmed the service said so since the page was opened
 * @property {() => Promise<Session | null>} recall who was signed in last, without asking the service
 * @property {() => Promise<Session | null>} resume
 * @property {(secret: {key: string} | {invitation: string}) => Promise<Answer>} begin
 * @property {() => Promise<Answer>} end
 * @property {() => Promise<void>} ended the service no longer knows it
 */

/**
 * @param {Api} api
 * @param {Notes} notes
 * @returns {Sessions}
 */
export function sessions(api, notes) {
  /** @type {Sessions} */
  const own = {
    current: null,
    last: null,
    confirmed: false,
    async recall() {
      own.current ??= (await notes.read("session")) ?? null;
      own.last = own.current?.person.id ?? own.last;
      return own.current;
    },
    async resume() {
      const { status, body } = await api("GET", "/desk/session");
      if (status === 200) await set(body);
      else if (status === 401) await own.ended();
      else await own.recall();
      own.last = own.current?.person.id ?? own.last;
      return own.current;
    },
    async begin(secret) {
      const answer = await api("POST", "/desk/session", secret);
      if (answer.status === 201) await set(answer.body);
      return answer;
    },
    async end() {
      const who = own.current?.person.id;
      const answer = await api("DELETE", "/desk/session");
      if (answer.status === 204 || answer.status === 401) {
        await own.ended();
        await notes.write("feeds", undefined);
        if (who !== undefined) await notes.forget(who); // what somebody else has half written here waits for them
      }
      return answer;
    },
    async ended() {
      own.current = null;
      own.confirmed = false;
      await notes.write("session", undefined);
    },
  };

  /** @param {Session} session */
  async function set(session) {
    own.current = session;
    own.last = session.person.id;
    own.confirmed = true;
    await notes.write("session", session);
  }

  return own;
}

/** Whether this session may write to a feed. @param {Session} session @param {string} feed */
export const covers = ({ feeds }, feed) => !feeds?.length || feeds.includes(feed);

/** @param {Session | null} session */
export const isEditor = (session) => session !== null && session.role !== "correspondent";
