/**
 * A world for the clients to run in: two clocks that the test moves by hand, timers that fire when it does,
 * and transports whose other end is the test.
 */

/** @import { WorldEvent } from "../../../clients/feed/frames.d.ts" */

/** A WebSocket or EventSource whose other end is the test. */
class Transport {
  /** @type {((event: {data: unknown}) => void) | null} */
  onmessage = null;
  /** @type {(() => void) | null} */
  onclose = null;
  /** @type {(() => void) | null} */
  onerror = null;
  closed = false;
  /** @type {Map<string, (event: {data: unknown}) => void>} */
  listeners = new Map();

  /** @param {string} url */
  constructor(url) {
    this.url = url;
  }

  /** @param {string} type @param {(event: {data: unknown}) => void} listener */
  addEventListener(type, listener) {
    this.listeners.set(type, listener);
  }

  close() {
    this.closed = true;
  }

  /** @param {any} frame an object to send as JSON, or text to send as it is */
  send(frame) {
    const data = typeof frame === "string" ? frame : JSON.stringify(frame);
    this.onmessage?.({ data });
    this.listeners.get(frame.type)?.({ data });
  }

  drop() {
    this.onclose?.();
    this.onerror?.();
  }
}

export class World {
  /** What the wall clock and the monotonic one say. */
  now = { wall: Date.parse("2026-03-11T14:00:00Z"), mono: 5_000 };
  /** What the next random numbers are; the last one stays. */
  dice = [0.5];
  /** @type {{due: number, act: () => void}[]} */
  #pending = [];
  /** @type {Transport[]} */
  sockets = [];
  /** @type {Transport[]} */
  streams = [];
  /** @type {Request[]} */
  requests = [];
  /** Errors that a client survived. @type {unknown[]} */
  errors = [];
  /** @type {((name: WorldEvent) => unknown) | null} */
  tell = null;
  #due = 0;

  /** What a client is given. Long-poll only where a test asks for it. */
  get io() {
    const { sockets, streams, errors } = this;
    return {
      fetch: undefined,
      report: (/** @type {unknown} */ error) => errors.push(error),
      WebSocket: class extends Transport {
        /** @param {string} url */
        constructor(url) {
          super(url);
          sockets.push(this);
        }
      },
      EventSource: class extends Transport {
        /** @param {string} url */
        constructor(url) {
          super(url);
          streams.push(this);
        }
      },
      clock: () => /** @type {const} */ ([this.now.wall, this.now.mono]),
      random: () => (this.dice.length > 1 ? this.dice.shift() ?? 0 : this.dice[0] ?? 0),
      timers: {
        set: (/** @type {() => void} */ act, /** @type {number} */ delay) => {
          const timer = { due: this.#due + delay, act };
          this.#pending.push(timer);
          return timer;
        },
        clear: (/** @type {any} */ timer) => {
          this.#pending = this.#pending.filter((other) => other !== timer);
        },
      },
      events: (/** @type {Record<WorldEvent, () => unknown>} */ listeners) => {
        this.tell = (name) => listeners[name]();
        return () => {
          this.tell = null;
        };
      },
    };
  }

  /** A network that lets nothing through but requests. */
  get pollOnly() {
    const respond = this.fetch;
    /** @this {unknown} @type {NonNullable<import("../../../clients/feed/frames.d.ts").World["fetch"]>} */
    const fetch = function (url, init) {
      // As the browser's own: it belongs to the window and is no method of anything else.
      if (this !== undefined) throw new TypeError("Illegal invocation");
      return respond(url, init);
    };
    return { ...this.io, WebSocket: undefined, EventSource: undefined, fetch };
  }

  /** @type {NonNullable<import("../../../clients/feed/frames.d.ts").World["fetch"]>} */
  fetch = (url, init) => {
    const request = new Request(url, init);
    this.requests.push(request);
    return request.response;
  };

  get request() {
    return last(this.requests);
  }

  /** Both clocks move on, and timers fire on the way. @param {number} milliseconds */
  pass(milliseconds) {
    const end = this.#due + milliseconds;
    for (;;) {
      const [next] = this.#pending.filter(({ due }) => due <= end).sort((a, b) => a.due - b.due);
      if (!next) break;
      this.#move(Math.max(0, next.due - this.#due));
      this.#pending = this.#pending.filter((other) => other !== next);
      next.act();
    }
    this.#move(end - this.#due);
  }

  /** The machine sleeps: the wall clock goes on, the monotonic one and the timers don't. @param {number} milliseconds */
  sleep(milliseconds) {
    this.now = { ...this.now, wall: this.now.wall + milliseconds };
  }

  /** Both clocks move on, but timers wait: a page that is frozen, or throttled. @param {number} milliseconds */
  freeze(milliseconds) {
    this.#move(milliseconds);
  }

  /** Does something of the test's own in time, after the timers that are due then already. @param {number} delay @param {() => void} act */
  later(delay, act) {
    this.io.timers.set(act, delay);
  }

  /** @param {number} milliseconds */
  #move(milliseconds) {
    this.#due += milliseconds;
    this.now = { wall: this.now.wall + milliseconds, mono: this.now.mono + milliseconds };
  }

  get waiting() {
    return this.#pending.length;
  }

  get socket() {
    return last(this.sockets);
  }

  get stream() {
    return last(this.streams);
  }
}

/** A request whose response is up to the test. */
class Request {
  /** @type {(response: Response) => void} */
  #resolve = () => {};
  /** @type {(error: Error) => void} */
  #reject = () => {};

  /** @param {string} url @param {RequestInit} init */
  constructor(url, init) {
    this.url = url;
    this.init = init;
    /** @type {Promise<Response>} */
    this.response = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      init.signal?.addEventListener("abort", () => reject(init.signal?.reason));
    });
  }

  get aborted() {
    return this.init.signal?.aborted ?? false;
  }

  /** @param {number} status @param {unknown} [body] as JSON, or text as it is @param {Record<string, string>} [headers] */
  async respond(status, body, headers) {
    const text = body === undefined ? null : typeof body === "string" ? body : JSON.stringify(body);
    this.#resolve(new Response(text, { status, headers }));
    await settled();
  }

  async fail() {
    this.#reject(new TypeError("network"));
    await settled();
  }
}

/** When everything that waits for nothing else has run. */
export async function settled() {
  await new Promise((resolve) => setImmediate(resolve));
}

/** @template T @param {T[]} transports @returns {T} */
function last(transports) {
  const transport = transports.at(-1);
  if (!transport) throw new Error("nothing was opened");
  return transport;
}
