// Serves one client library to a spec: reads a request a line, [method, arguments], and writes an answer a line, {"value": ...} or
// {"error": "..."}. A null among the arguments is one that is left out.
const lines = require("readline").createInterface({ input: process.stdin });
module.exports = async (client) => {
  for await (const line of lines) {
    const [method, args] = JSON.parse(line);
    let answer;
    try {
      if (typeof client[method] !== "function") throw new TypeError("the library has no " + method);
      answer = { value: (await client[method](...args.map((a) => a ?? undefined))) ?? null };
    } catch (e) {
      answer = { error: String(e.message ?? e.body?.retMsg ?? JSON.stringify(e)) };
    }
    console.log(JSON.stringify(answer));
  }
};
