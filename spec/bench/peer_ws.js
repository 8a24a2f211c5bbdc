// npm's ws as a contender (contender.lua): reads so many messages that a pusher sends.
// usage: node peer_ws.js PORT CA_FILE PIPE text|parse
const fs = require("fs"), WebSocket = require("ws");
const [port, ca, pipe, what] = process.argv.slice(2);
const socket = new WebSocket(`wss://127.0.0.1:${port}/`, { ca: fs.readFileSync(ca), perMessageDeflate: false });
let left = 0, sum = 0, done;
socket.on("message", (data) => {
  const text = data.toString();
  sum += what === "parse" ? JSON.parse(text).data.length : text.length;
  if (--left === 0) done();
});
socket.on("open", async () => {
  const orders = fs.openSync(pipe, "w");
  const lines = require("readline").createInterface({ input: process.stdin });
  for await (const line of lines) {
    const count = Number(line);
    if (count === 0) break;
    const cpu = process.cpuUsage(), wall = process.hrtime.bigint();
    left = count;
    const all = new Promise((resolve) => { done = resolve; });
    fs.writeSync(orders, `${count}\n`);
    await all;
    const spent = process.cpuUsage(cpu), took = Number(process.hrtime.bigint() - wall) / 1000;
    console.log(`cpu=${(spent.user + spent.system) / count} wall=${took / count} memory=${process.resourceUsage().maxRSS * 1024}`);
  }
  process.exit(0);
});
