// The real leaking programs of tests/e2e/programs, each under a name of its own.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

import {start} from "./children.js";
import {BUILD} from "./exporter.js";

export class Programs {
  constructor() {
    this.directory = fs.mkdtempSync(path.join(os.tmpdir(), "memleak-programs-"));
    this.running = [];
  }

  /** `program` is one of build/dev/tests/e2e; several of one name are siblings. */
  start(program, name, ...words) {
    const file = path.join(this.directory, name);
    if (!fs.existsSync(file)) fs.copyFileSync(path.join(BUILD, "tests/e2e", program), file);
    // They end with their standard input.
    const child = start(file, words.map(String), {stdio: ["pipe", "ignore", "inherit"]});
    child.over = new Promise((resolve) => child.on("exit", resolve));
    this.running.push(child);
    return child.pid;
  }

  async end() {
    for (const child of this.running) {
      child.kill("SIGKILL");
      await child.over;
    }
    fs.rmSync(this.directory, {recursive: true});
  }
}
