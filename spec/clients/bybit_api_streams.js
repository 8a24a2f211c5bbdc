// The WebSocket clients of npm's bybit-api, served to streams_spec.lua. An instance reaches one path of an exchange that is not the
// library's own. usage: node bybit_api_streams.js URL KEY SECRET; NODE_PATH says where the package is
const { WebsocketClient, WebsocketAPIClient } = require("bybit-api");
const [url, key, secret] = process.argv.slice(2);
const base = url.replace("http", "ws");
const quiet = { trace() {}, info() {}, error() {} };
const heard = {}, waiting = {}; // by topic

function open(path) {
  const client = new WebsocketClient({ key, secret, market: "v5", wsUrl: base + path }, quiet);
  client.on("update", (m) => {
    const next = waiting[m.topic]?.shift();
    if (next) next(m); else (heard[m.topic] ??= []).push(m);
  });
  client.on("exception", () => {});
  return client;
}

let api;
require("./serve.js")({
  // done when the exchange has answered
  subscribe(path, topics, private) {
    const client = open(path);
    return new Promise((resolve, reject) => {
      client.on("response", (m) => m.op === "subscribe" && resolve(m.success));
      Promise.all(client.subscribeV5(topics, "inverse", private)).catch(reject);
    });
  },
  next(topic) {
    const old = heard[topic]?.shift();
    return old ?? new Promise((resolve) => (waiting[topic] ??= []).push(resolve));
  },
  order(method, params) {
    api ??= new WebsocketAPIClient({ key, secret, wsUrl: base + "/v5/trade", attachEventListeners: false }, quiet);
    return api[method](params);
  },
}).then(() => process.exit(0));
