// A broadcast server on Socket.IO. Messages come on standard input, each behind its length; with the argument "json"
// they are JSON, and readers get the objects.
"use strict";
const http = require("node:http");
const { Server } = require("socket.io");

const read = process.argv[3] === "json" ? JSON.parse : String;
const history = [];
const server = http.createServer();
const io = new Server(server, { transports: ["websocket"], perMessageDeflate: false, pingInterval: 3600000 });
io.on("connection", (socket) => socket.emit("history", history));
server.listen({ port: Number(process.argv[2]), host: "127.0.0.1", backlog: 4096 });

let pending = Buffer.alloc(0);
process.stdin.on("data", (data) => {
  pending = Buffer.concat([pending, data]);
  while (pending.length >= 4 && pending.length >= 4 + pending.readUInt32BE(0)) {
    const end = 4 + pending.readUInt32BE(0);
    const text = read(pending.toString("utf8", 4, end));
    pending = pending.subarray(end);
    history.push(text);
    if (history.length > 20) history.shift();
    io.emit("line", text);
  }
});
process.stdin.on("end", () => process.exit(0));
