// Leaks 64 KB at a time: a listener for each request, which nobody takes off, holds the request's
// page. Prints "ready" once it holds some, keeps leaking slowly, ends with its standard input.
'use strict';
const { EventEmitter } = require('events');

class Page {
  constructor(id) {
    this.id = id;
    this.rows = new Array(8 * 1024).fill(id);
  }
}

const settings = new EventEmitter();
settings.setMaxListeners(0);

function handleRequest(id) {
  const page = new Page(id);
  settings.on('change', function refresh() {
    page.rows.length = 0;
  });
}

let id = 0;
while (id < 300) handleRequest(id++);
console.log('ready');
setInterval(() => handleRequest(id++), 20);
process.stdin.on('end', () => process.exit()).resume();
