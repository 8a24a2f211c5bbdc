// Reads how many calls to make, a line each; writes what one took, in microseconds of CPU and of time.
const lines = require("readline").createInterface({ input: process.stdin });
module.exports = async (call) => {
  for await (const line of lines) {
    const count = Number(line);
    if (count === 0) break;
    const cpu = process.cpuUsage(), wall = process.hrtime.bigint();
    for (let i = 0; i < count; i++) await call();
    const spent = process.cpuUsage(cpu), took = Number(process.hrtime.bigint() - wall) / 1000;
    const memory = process.resourceUsage().maxRSS * 1024;
    console.log(`cpu=${(spent.user + spent.system) / count} wall=${took / count} memory=${memory}`);
  }
  process.exit(0);
};
