// node sawtooth.js REQUESTS_PER_SECOND BYTES BATCH
// Each request leaves BYTES in a batch, half of it a buffer, half an array on the JavaScript heap;
// after BATCH requests all of it is dropped, for the garbage collector to find. Ends with its
// standard input.
'use strict';

const [rate, bytes, size] = process.argv.slice(2).map(Number);
let batch = [];
let done = 0;
const start = process.hrtime.bigint();

function handle() {
  batch.push({
    body: Buffer.alloc(Math.floor(bytes / 2), 1),
    rows: new Array(Math.floor(bytes / 2 / 8)).fill(done + 0.5),
  });
  if (batch.length === size) batch = [];
  ++done;
}

setInterval(() => {
  const due = Number(process.hrtime.bigint() - start) / 1e9 * rate;
  while (done < due) handle();
}, 50);
process.stdin.on('end', () => process.exit(0)).resume();
