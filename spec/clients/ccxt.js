// npm's ccxt, served to ccxt_spec.lua. usage: node ccxt.js URL KEY SECRET; NODE_PATH says where the package is
const ccxt = require("ccxt");
const [url, apiKey, secret] = process.argv.slice(2);
const exchange = new ccxt.bybit({ apiKey, secret, enableRateLimit: false });
for (const name of Object.keys(exchange.urls.api)) exchange.urls.api[name] = url;
require("./serve.js")(exchange);
