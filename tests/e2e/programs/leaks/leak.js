// node leak.js REQUESTS_PER_SECOND BYTES
// Each request leaves a closure in an array that nobody empties: half of BYTES is a buffer that it
// captured, half an array on the JavaScript heap. Ends with its standard input.
'use strict';

const [rate, bytes] = process.argv.slice(2).map(Number);
const listeners = [];
const start = process.hrtime.bigint();

function handle(number) {
  const body = Buffer.alloc(Math.floor(bytes / 2), 1);
  const session = new Array(Math.floor(bytes / 2 / 8)).fill(number + 0.5);
  listeners.push(() => body.length + session.length);
}

setInterval(() => {
  const due = Number(process.hrtime.bigint() - start) / 1e9 * rate;
  while (listeners.length < due) handle(listeners.length);
}, 50);
process.stdin.on('end', () => process.exit(0)).resume();
