// node compare-heap-snapshots.js BEFORE AFTER [CONSTRUCTOR]
// Says which constructors grew between two heap snapshots of one Node.js process, and what holds the
// newest object of the one that grew most, or of CONSTRUCTOR. Strings, arrays, closures and whatever
// else has no constructor go by their type in parentheses.
'use strict';
const fs = require('fs');

const SHOWN = 10;
const HOPS = 12;

// The fields of a record of numbers: {name: offset}, and how many there are.
function layout(fields) {
  return Object.assign({ length: fields.length }, ...fields.map((name, at) => ({ [name]: at })));
}

// A snapshot is a few long arrays of numbers; `meta` says what each number is.
class Heap {
  constructor(path) {
    const { snapshot, nodes, edges, strings, locations = [] } = JSON.parse(fs.readFileSync(path, 'utf8'));
    const { meta } = snapshot;
    Object.assign(this, { nodes, edges, strings });
    this.node = layout(meta.node_fields);
    this.edge = layout(meta.edge_fields);
    this.nodeTypes = meta.node_types[this.node.type];
    this.edgeTypes = meta.edge_types[this.edge.type];
    this.lines = new Map();
    const place = layout(meta.location_fields || []);
    for (let at = 0; at < locations.length; at += place.length) {
      this.lines.set(locations[at + place.object_index], locations[at + place.line] + 1);
    }
  }

  type(at) {
    return this.nodeTypes[this.nodes[at + this.node.type]];
  }

  name(at) {
    return this.strings[this.nodes[at + this.node.name]];
  }

  kind(at) {
    return this.type(at) === 'object' ? this.name(at) : `(${this.type(at)})`;
  }

  // Map from kind to {count, bytes, newest}. Ids only rise: the highest is the newest object.
  kinds() {
    const kinds = new Map();
    const id = (at) => this.nodes[at + this.node.id];
    for (let at = 0; at < this.nodes.length; at += this.node.length) {
      const kind = this.kind(at);
      if (!kinds.has(kind)) kinds.set(kind, { count: 0, bytes: 0, newest: at });
      const sum = kinds.get(kind);
      sum.count += 1;
      sum.bytes += this.nodes[at + this.node.self_size];
      if (id(at) > id(sum.newest)) sum.newest = at;
    }
    return kinds;
  }

  // Map from a node to {from, edge}, the last step of the shortest way to it from the root.
  holders() {
    const firstEdge = new Map();
    let next = 0;
    for (let at = 0; at < this.nodes.length; at += this.node.length) {
      firstEdge.set(at, next);
      next += this.nodes[at + this.node.edge_count] * this.edge.length;
    }
    const holders = new Map([[0, null]]);
    const queue = [0];
    for (let done = 0; done < queue.length; done += 1) {
      const from = queue[done];
      const first = firstEdge.get(from);
      const end = first + this.nodes[from + this.node.edge_count] * this.edge.length;
      for (let edge = first; edge < end; edge += this.edge.length) {
        const to = this.edges[edge + this.edge.to_node];
        const holds = this.edgeTypes[this.edges[edge + this.edge.type]] !== 'weak';
        if (holds && !holders.has(to)) {
          holders.set(to, { from, edge });
          queue.push(to);
        }
      }
    }
    return holders;
  }

  describe(at) {
    const name = this.name(at) || '(unnamed)';
    const what = this.type(at) === 'closure' ? `function ${name}` : name;
    return this.lines.has(at) ? `${what}, line ${this.lines.get(at)}` : what;
  }

  edgeName(edge) {
    const name = this.edges[edge + this.edge.name_or_index];
    const numbered = ['element', 'hidden'].includes(this.edgeTypes[this.edges[edge + this.edge.type]]);
    return numbered ? `[${name}]` : this.strings[name];
  }
}

const [before, after] = process.argv.slice(2, 4).map((path) => new Heap(path));
const wanted = process.argv[4];
const old = before.kinds();
const kinds = after.kinds();
const grown = [...kinds]
  .map(([kind, now]) => {
    const was = old.get(kind) || { count: 0, bytes: 0 };
    return { kind, count: now.count - was.count, bytes: now.bytes - was.bytes };
  })
  .filter(({ count, bytes }) => count > 0 && bytes > 0)
  .sort((one, other) => other.bytes - one.bytes)
  .slice(0, SHOWN);

console.log('     count           KiB  constructor');
for (const { kind, count, bytes } of grown) {
  console.log(`${`+${count}`.padStart(10)}  ${`+${(bytes / 1024).toFixed(1)}`.padStart(12)}  ${kind}`);
}

const shown = wanted || (grown.length > 0 ? grown[0].kind : '');
if (kinds.has(shown)) {
  const holders = after.holders();
  console.log(`\nthe newest ${shown} is`);
  let step = holders.get(kinds.get(shown).newest);
  for (let hop = 0; step && hop < HOPS; hop += 1, step = holders.get(step.from)) {
    console.log(`  ${after.edgeName(step.edge)} of ${after.describe(step.from)}`);
  }
}
