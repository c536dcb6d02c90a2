// A broadcast server on `ws`. Messages come on standard input, each behind its length.
"use strict";
const http = require("node:http");
const { WebSocketServer } = require("ws");

const history = [];
const server = http.createServer();
const sockets = new WebSocketServer({ server, perMessageDeflate: false });
sockets.on("connection", (socket) => socket.send(history.join("\n")));
server.listen({ port: Number(process.argv[2]), host: "127.0.0.1", backlog: 4096 });

let pending = Buffer.alloc(0);
process.stdin.on("data", (data) => {
  pending = Buffer.concat([pending, data]);
  while (pending.length >= 4 && pending.length >= 4 + pending.readUInt32BE(0)) {
    const end = 4 + pending.readUInt32BE(0);
    const text = pending.toString("utf8", 4, end);
    pending = pending.subarray(end);
    history.push(text);
    if (history.length > 20) history.shift();
    const bytes = Buffer.from(text);
    for (const socket of sockets.clients) socket.send(bytes, { binary: false });
  }
});
process.stdin.on("end", () => process.exit(0));
